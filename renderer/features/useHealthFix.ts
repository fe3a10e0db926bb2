import type { Account } from "../../shared/contract/accounts.ts";
import type { Fix } from "../accountHealth.ts";
import { steward } from "../bridge.ts";
import { useAction, type Action } from "../components/useAction.ts";
import { go } from "../stores/routes.ts";

/** Does what a fix says: goes to the page where it is done, or does it at once. */
export function useHealthFix(account: Account): Action<[Fix], void> {
  const { accountId } = account;
  return useAction(async (fix: Fix) => {
    switch (fix) {
      case "sign_in_again":
        go({ name: "account", accountId, page: "overview" });
        return;
      case "set_up_backup":
      case "continue_backup":
      case "unlock_backup":
      case "review_identity":
        go({ name: "account", accountId, page: "secureBackup" });
        return;
      case "review_sessions":
        go({ name: "account", accountId, page: "sessions" });
        return;
      case "retry":
      case "start":
        await steward.accounts.retry({ accountId });
    }
  });
}
