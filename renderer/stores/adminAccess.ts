import type { AdminAccess } from "../../shared/contract/administration.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Which accounts are admins of their servers. Main tells of every change. */
export const adminAccess = createLoaded<AdminAccess>((accountId) => steward.administration.access({ accountId }));

/** Whether an account has pages for admins: also while the address that was given for that does not answer. */
export function grantsPages(access: AdminAccess | null): boolean {
  return access !== null && (access.status === "admin" || (access.status === "unreachable" && access.adminBaseUrl !== null));
}

export function isAdmin(accountId: AccountId): boolean {
  return grantsPages(adminAccess.get(accountId).answer);
}
