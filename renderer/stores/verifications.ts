import type { Verification } from "../../shared/contract/verifications.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

const { use, changed, forget, gone, load } = createConversations(
  ({ verificationId }) => verificationId,
  async () => (await steward.verifications.list({})).verifications,
);

/** The verifications under way, and those that ended and have not been read. */
export const useVerifications = use;
export const verificationChanged = changed;
export const verificationDismissed = gone;
export const loadVerifications = load;

/** Whether another session asked, and the person has not answered. */
export function isWaitingForPerson({ incoming, phase }: Pick<Verification, "incoming" | "phase">): boolean {
  return incoming && phase === "requested";
}

/**
 * Asks another session of the account to verify, or all of them, and shows the dialog over whatever page there is.
 * @throws RequestFailure
 */
export async function startVerification(accountId: AccountId, deviceId: string | null): Promise<void> {
  changed(await steward.verifications.request({ accountId, deviceId }));
}

/** Closes one that has ended. @throws RequestFailure */
export async function dismissVerification(verificationId: ConversationId): Promise<void> {
  await steward.verifications.dismiss({ verificationId });
  gone(verificationId);
}

/** Cancels a verification that cannot be shown, and forgets it whether or not it was still under way. */
export function dropVerification(verificationId: ConversationId): void {
  gone(verificationId);
  steward.verifications
    .cancel({ verificationId })
    .then(() => steward.verifications.dismiss({ verificationId }))
    .catch(() => undefined);
}

/** Forgets those of an account that was removed. */
export const forgetVerifications = (of: AccountId): void => forget(({ accountId }) => accountId === of);
