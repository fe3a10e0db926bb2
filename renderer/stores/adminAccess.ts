import type { AdminAccess } from "../../shared/contract/administration.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Which accounts are admins of their servers. Main tells of every change. */
export const adminAccess = createLoaded<AdminAccess>((accountId) => steward.administration.access({ accountId }));

/** Whether an account has pages for admins: also while the server does not answer, or the address that was given for that. */
export function grantsPages(access: AdminAccess | null): boolean {
  if (access === null) return false;
  const { status, wasAdmin, adminBaseUrl } = access;
  return status === "admin" || (status === "unknown" && wasAdmin) || (status === "unreachable" && (wasAdmin || adminBaseUrl !== null));
}

export function isAdmin(accountId: AccountId): boolean {
  return grantsPages(adminAccess.get(accountId).answer);
}
