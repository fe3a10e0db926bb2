import { useEffect } from "react";
import type { AccountManagement } from "../../../shared/contract/accountManagement.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { accountManagements } from "../../stores/accountManagement.ts";
import type { Loaded } from "../../stores/loaded.ts";

/** Whether the account is managed on a page of its server's; null until that is known, and where it cannot be found out. */
export function useManagement(accountId: AccountId): AccountManagement | null {
  return useManagementLoad(accountId).answer;
}

/** The same, with why it could not be found out. */
export function useManagementLoad(accountId: AccountId): Loaded<AccountManagement> {
  useEffect(() => void accountManagements.load(accountId), [accountId]);
  return accountManagements.use(accountId);
}
