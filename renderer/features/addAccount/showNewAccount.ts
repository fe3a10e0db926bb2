import type { AccountId } from "../../../shared/ids.ts";
import { loadAccounts, useAccounts } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";

/** Goes to the page that a new account needs first. */
export async function showNewAccount(accountId: AccountId): Promise<void> {
  if (!useAccounts.getState().byId[accountId]) await loadAccounts();
  go({ name: "account", accountId, page: "secureBackup", offered: true });
}
