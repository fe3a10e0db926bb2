import { fail } from "../../../shared/errors.ts";
import { letsItselfBeAsked } from "../mas/masUser.ts";
import type { BulkKind } from "./bulkKind.ts";
import type { PatientApi } from "./patientApi.ts";

/**
 * Finds out, once, whether the server does a kind of work at all, and where an authentication service has to do it, whether that
 * lets this account.
 *
 * @throws `users_managed_elsewhere` where the service does not: the server's own admin API would do half of it; and why the server
 *   does not
 */
export async function prepare(kind: BulkKind, api: PatientApi): Promise<void> {
  const { mas } = api;
  if (mas !== null) {
    const lets = await api.read(() => letsItselfBeAsked(mas, api.userId));
    const mayAsk = lets && (kind.action !== "deactivate" || (await api.read(() => mas.canKeepProfile())));
    if (!mayAsk) throw fail("users_managed_elsewhere", { host: api.userId.slice(api.userId.indexOf(":") + 1) });
  }
  await kind.prepare?.(api);
}
