import { create } from "zustand";
import type { Recovery } from "../../shared/contract/recovery.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** The forgotten passwords that are being replaced, and those that ended while the window was open. */
export const useRecoveries = create<{ readonly byId: Readonly<Record<ConversationId, Recovery>> }>()(() => ({ byId: {} }));

/** Takes in a recovery as it is now. */
export function recoveryChanged(recovery: Recovery): void {
  useRecoveries.setState(({ byId }) => ({ byId: { ...byId, [recovery.recoveryId]: recovery } }));
}

/** Asks main for those under way: what a window that was loaded again needs, and a page that is opened after unlocking. */
export async function loadRecoveries(): Promise<void> {
  const { recoveries } = await steward.recovery.list({});
  for (const recovery of recoveries) recoveryChanged(recovery);
}

/** Whether a recovery still needs the person or the server. */
const isUnderWay = ({ status }: Recovery): boolean => ["waiting", "password_needed", "changed"].includes(status);

/** The first that is under way for a signed-out account; null for those whose account is not here. */
export function recoveryFor(byId: Readonly<Record<ConversationId, Recovery>>, accountId: AccountId | null): Recovery | null {
  return Object.values(byId).find((recovery) => isUnderWay(recovery) && recovery.accountId === accountId) ?? null;
}
