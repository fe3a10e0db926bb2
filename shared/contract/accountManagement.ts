import * as z from "zod";
import { AccountId, DeviceId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION } from "./errorKinds.ts";

/** What a person can do on the page where an OAuth 2.0 homeserver has its accounts managed (MSC4191). */
export const ManagementAction = z.enum(["profile", "devices", "device_delete", "deactivate"]);
export type ManagementAction = z.infer<typeof ManagementAction>;

export const AccountManagement = z.object({
  /** Whether the homeserver leaves passwords, addresses, sessions and the end of accounts to such a page. */
  delegated: z.boolean(),
  /** The host of that page; null where the server names none. */
  pageHost: z.string().max(300).nullable(),
  /** Whether the account was signed in otherwise and can go over to signing in there, by `signIn.startOauth` with its id. */
  canMove: z.boolean(),
});
export type AccountManagement = z.infer<typeof AccountManagement>;

const one = z.object({ accountId: AccountId });

export const accountManagement = domain({
  requests: {
    state: request(one, AccountManagement, ANY_SESSION),
    /**
     * Opens the page in the browser, at what is wanted where the page can do that, else at its beginning. With a session
     * to sign out, main looks from then on whether it has gone, and tells by `devices.changed`.
     */
    open: request(one.extend({ action: ManagementAction, deviceId: DeviceId.nullable().default(null) }), z.object({}), [
      ...ANY_SESSION,
      "not_allowed_by_server",
    ]),
  },
  events: {},
});
