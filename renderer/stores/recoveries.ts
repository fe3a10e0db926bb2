import type { Recovery } from "../../shared/contract/recovery.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

const { use, changed, forget, load } = createConversations(
  ({ recoveryId }) => recoveryId,
  async () => (await steward.recovery.list({})).recoveries,
);

/** The forgotten passwords that are being replaced, and those that ended while the window was open. */
export const useRecoveries = use;
export const recoveryChanged = changed;
export const loadRecoveries = load;

/** Forgets those of an account that was removed. */
export const forgetRecoveries = (of: AccountId): void => forget(({ accountId }) => accountId === of);

/** Whether a recovery still needs the person or the server. */
const isUnderWay = ({ status }: Recovery): boolean => ["waiting", "password_needed", "changed"].includes(status);

/** The first that is under way for a signed-out account; null for those whose account is not here. */
export function recoveryFor(recoveries: readonly Recovery[], accountId: AccountId | null): Recovery | null {
  return recoveries.find((recovery) => isUnderWay(recovery) && recovery.accountId === accountId) ?? null;
}
