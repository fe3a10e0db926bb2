import type { Account } from "../../shared/contract/accounts.ts";
import { useAccountList } from "./accounts.ts";
import { adminAccess, grantsPages } from "./adminAccess.ts";

/** The first account of each homeserver that is an admin there, for a component; in the order of the accounts. */
export function useAdministered(): readonly Account[] {
  const accounts = useAccountList();
  const known = adminAccess.useAll();
  const servers = new Set<string>();
  return accounts.filter(({ accountId, homeserver }) => {
    if (!grantsPages(known[accountId]?.answer ?? null) || servers.has(homeserver.serverName)) return false;
    servers.add(homeserver.serverName);
    return true;
  });
}
