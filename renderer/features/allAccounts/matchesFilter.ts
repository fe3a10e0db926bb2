import type { Account } from "../../../shared/contract/accounts.ts";

/** Whether every word of the query is somewhere in the account's name or Matrix ID, whatever its case. */
export function matchesFilter({ displayName, userId }: Pick<Account, "displayName" | "userId">, query: string): boolean {
  const text = `${displayName ?? ""} ${userId}`.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
