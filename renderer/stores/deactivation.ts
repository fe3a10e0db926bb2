import { create } from "zustand";
import type { DeactivationPreview, DeactivationResult, EndedAccount, RoomsCheck } from "../../shared/contract/deactivation.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLatest } from "./latest.ts";
import { createLoaded } from "./loaded.ts";

/** What a deactivation would cost each account. */
export const deactivationPreviews = createLoaded<DeactivationPreview>((accountId) => steward.deactivation.preview({ accountId }));

/** The look at each account's rooms. */
export const roomsChecks = createLoaded<RoomsCheck>((accountId) => steward.deactivation.checkRooms({ accountId, again: false }));

/** Looks at the rooms once more. @throws RequestFailure */
export async function checkRoomsAgain(accountId: AccountId): Promise<void> {
  roomsChecks.set(accountId, await steward.deactivation.checkRooms({ accountId, again: true }));
}

/** The final yes. @throws RequestFailure */
export function deactivate(accountId: AccountId, typed: string, erase: boolean): Promise<DeactivationResult> {
  return steward.deactivation.confirm({ accountId, typed, erase });
}

/** Accounts that were deactivated from here, until the person has read it. */
export const useEndedAccounts = create<{ readonly ended: readonly EndedAccount[] }>()(() => ({ ended: [] }));

const latestEnded = createLatest<{ readonly ended: readonly EndedAccount[] }>(
  () => steward.deactivation.ended({}),
  ({ ended }) => useEndedAccounts.setState({ ended }),
);

/** Takes in those that there are now. */
export const endedAccountsChanged = latestEnded.told;

/** Asks main for them. */
export const loadEndedAccounts = latestEnded.load;

/** The person has read it. */
export async function dismissEndedAccount(userId: EndedAccount["userId"]): Promise<void> {
  await steward.deactivation.dismissEnded({ userId });
}
