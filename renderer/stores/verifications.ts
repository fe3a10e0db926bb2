import { create } from "zustand";
import type { Verification } from "../../shared/contract/verifications.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** The verifications under way, and those that ended and have not been read, oldest first. */
export const useVerifications = create<{ readonly open: readonly Verification[] }>()(() => ({ open: [] }));

/** Takes in a verification as it is now. */
export function verificationChanged(verification: Verification): void {
  const { verificationId } = verification;
  useVerifications.setState(({ open }) => ({
    open: open.some((other) => other.verificationId === verificationId)
      ? open.map((other) => (other.verificationId === verificationId ? verification : other))
      : [...open, verification],
  }));
}

/** Forgets a verification. */
export function verificationDismissed(verificationId: ConversationId): void {
  useVerifications.setState(({ open }) => ({ open: open.filter((other) => other.verificationId !== verificationId) }));
}

/** Asks main for all of them: what a window that was loaded again needs. */
export async function loadVerifications(): Promise<void> {
  const { verifications } = await steward.verifications.list({});
  for (const verification of verifications) verificationChanged(verification);
}

/** Whether another session asked, and the person has not answered. */
export function isWaitingForPerson({ incoming, phase }: Pick<Verification, "incoming" | "phase">): boolean {
  return incoming && phase === "requested";
}

/**
 * Asks another session of the account to verify, or all of them, and shows the dialog over whatever page there is.
 * @throws RequestFailure
 */
export async function startVerification(accountId: AccountId, deviceId: string | null): Promise<void> {
  verificationChanged(await steward.verifications.request({ accountId, deviceId }));
}

/** Closes one that has ended. @throws RequestFailure */
export async function dismissVerification(verificationId: ConversationId): Promise<void> {
  await steward.verifications.dismiss({ verificationId });
  verificationDismissed(verificationId);
}

/** Cancels a verification that cannot be shown, and forgets it whether or not it was still under way. */
export function dropVerification(verificationId: ConversationId): void {
  verificationDismissed(verificationId);
  steward.verifications
    .cancel({ verificationId })
    .then(() => steward.verifications.dismiss({ verificationId }))
    .catch(() => undefined);
}

/** Forgets those of an account that was removed. */
export function forgetVerifications(accountId: AccountId): void {
  useVerifications.setState(({ open }) => ({ open: open.filter((other) => other.accountId !== accountId) }));
}
