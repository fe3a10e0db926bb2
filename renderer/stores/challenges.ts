import { create } from "zustand";
import type { Challenge } from "../../shared/contract/challenges.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** The Challenges that are under way, oldest first. */
export const useChallenges = create<{ readonly open: readonly Challenge[] }>()(() => ({ open: [] }));

/** Takes in a Challenge as it is now. One that went well or was cancelled is gone; one that failed stays to be read. */
export function challengeChanged(challenge: Challenge): void {
  useChallenges.setState(({ open }) => {
    if (challenge.status === "done" || challenge.status === "cancelled") {
      return { open: open.filter(({ challengeId }) => challengeId !== challenge.challengeId) };
    }
    const known = open.some(({ challengeId }) => challengeId === challenge.challengeId);
    return {
      open: known
        ? open.map((other) => (other.challengeId === challenge.challengeId ? challenge : other))
        : [...open, challenge],
    };
  });
}

/** Asks main for those still waiting: what a window that was loaded again needs. */
export async function loadChallenges(): Promise<void> {
  const { challenges } = await steward.challenges.list({});
  for (const challenge of challenges) challengeChanged(challenge);
}

/** Forgets a Challenge that has failed and been read. */
export function challengeRead(challengeId: ConversationId): void {
  useChallenges.setState(({ open }) => ({ open: open.filter((other) => other.challengeId !== challengeId) }));
}

/** Cancels a Challenge that cannot be shown, and forgets it whether or not it was still under way. */
export function dropChallenge(challengeId: ConversationId): void {
  challengeRead(challengeId);
  steward.challenges.cancel({ challengeId }).catch(() => undefined);
}

/** Forgets those of an account that was removed. */
export function forgetChallenges(accountId: AccountId): void {
  useChallenges.setState(({ open }) => ({ open: open.filter((other) => other.accountId !== accountId) }));
}
