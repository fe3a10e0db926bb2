import type { Challenge } from "../../shared/contract/challenges.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

const { use, changed, forget, gone, load } = createConversations(
  ({ challengeId }) => challengeId,
  async () => (await steward.challenges.list({})).challenges,
);

/** The Challenges that are under way, and those that failed and have not been read. */
export const useChallenges = use;
export const loadChallenges = load;
/** Forgets a Challenge that has failed and been read. */
export const challengeRead = gone;

/** Takes in a Challenge as it is now. One that went well or was cancelled is gone; one that failed stays to be read. */
export function challengeChanged(challenge: Challenge): void {
  if (challenge.status === "done" || challenge.status === "cancelled") gone(challenge.challengeId);
  else changed(challenge);
}

/** Cancels a Challenge that cannot be shown, and forgets it whether or not it was still under way. */
export function dropChallenge(challengeId: ConversationId): void {
  gone(challengeId);
  steward.challenges.cancel({ challengeId }).catch(() => undefined);
}

/** Forgets those of an account that was removed. */
export const forgetChallenges = (of: AccountId): void => forget(({ accountId }) => accountId === of);
