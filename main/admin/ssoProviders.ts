import * as z from "zod";
import type { AdminApi } from "./adminApi.ts";

const LoginFlows = z.object({ flows: z.array(z.unknown()).max(1000) });
const SsoFlow = z.object({ type: z.literal("m.login.sso"), identity_providers: z.array(z.unknown()).max(1000) });
const Provider = z.object({ id: z.string().min(1).max(255) });

/** So many are asked whether they know somebody; a server has one or two. */
const MAX_PROVIDERS = 5;

/**
 * The providers of single sign-on that a server names (Client-Server API, "GET /login"). Synapse keeps external ids under the same
 * names. Throws as `AdminApi` does.
 */
export async function ssoProvidersOf(api: AdminApi, { signal }: { signal?: AbortSignal } = {}): Promise<string[]> {
  const answer = await api.requestFromBase({ path: "/_matrix/client/v3/login", schema: LoginFlows, ...(signal && { signal }) });
  const flows = answer.flows.flatMap((flow) => SsoFlow.safeParse(flow).data ?? []);
  const providers = flows.flatMap((flow) => flow.identity_providers.flatMap((raw) => Provider.safeParse(raw).data?.id ?? []));
  return [...new Set(providers)].slice(0, MAX_PROVIDERS);
}
