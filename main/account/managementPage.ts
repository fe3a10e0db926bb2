import * as z from "zod";
import type { ManagementAction } from "../../shared/contract/accountManagement.ts";
import { isLocalhost } from "../http/loopback.ts";

/** The page where accounts are managed, as an authorization server names it (Client-Server API, "Account management"). */
export interface ManagementPage {
  uri: string;
  actions: readonly string[];
}

/** The names of each action, the specification's first; then those that servers had before (MSC4191). */
const NAMES: Readonly<Record<ManagementAction, readonly string[]>> = {
  profile: ["org.matrix.profile", "profile"],
  devices: ["org.matrix.devices_list", "org.matrix.sessions_list", "sessions_list"],
  device_delete: ["org.matrix.device_delete", "org.matrix.session_end", "session_end"],
  deactivate: ["org.matrix.account_deactivate"],
};

/** What is nearest where a page cannot do the thing itself. */
const NEAREST: Partial<Record<ManagementAction, ManagementAction>> = { device_delete: "devices" };

const Named = z.object({
  account_management_uri: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional()
    .catch(undefined),
  account_management_actions_supported: z.array(z.string().max(200)).max(100).optional().catch(undefined),
});

/**
 * The page that an authorization server's metadata name; null where they name none that may be opened: https, or http on
 * this computer where the homeserver is there too.
 */
export function managementPageIn(metadata: unknown, baseUrl: string): ManagementPage | null {
  const { account_management_uri: uri, account_management_actions_supported: actions = [] } = Named.safeParse(metadata).data ?? {};
  if (uri === undefined) return null;
  const { protocol, hostname, username, password } = new URL(uri);
  const isOwn = isLocalhost(hostname) && isLocalhost(new URL(baseUrl).hostname);
  const mayBeOpened = username === "" && password === "" && (isOwn || (protocol === "https:" && !isLocalhost(hostname)));
  return mayBeOpened ? { uri, actions } : null;
}

/** The page's address for what is wanted. An action that is not listed is not asked for: servers answer with an error. */
export function managementUrl({ uri, actions }: ManagementPage, action: ManagementAction, deviceId: string | null): string {
  const url = new URL(uri);
  const listed = NAMES[action].find((name) => actions.includes(name));
  const nearest = NEAREST[action];
  if (listed === undefined) return nearest === undefined ? url.href : managementUrl({ uri, actions }, nearest, null);
  url.searchParams.set("action", listed);
  if (deviceId !== null) url.searchParams.set("device_id", deviceId);
  return url.href;
}
