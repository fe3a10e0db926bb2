import type { AccountId } from "../../../shared/ids.ts";
import { loadAccounts, useAccounts } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";

/** Goes to the page that an account which was added needs first; `created` says that it was made just now. */
export async function showNewAccount(accountId: AccountId, { created = false } = {}): Promise<void> {
  if (!useAccounts.getState().byId[accountId]) await loadAccounts();
  go({ name: "account", accountId, page: "secureBackup", offered: true, created });
}
