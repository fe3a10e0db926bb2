import type { Recovery } from "../../shared/contract/recovery.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import type { RecoveryRecord } from "./recoveryRecord.ts";

/** One forgotten password that is being replaced. */
export interface RecoveryAttempt {
  readonly attemptId: AccountId;
  record: RecoveryRecord;
  state: Recovery;
  /** In memory only. Null after a restart. */
  newPassword: Password | null;
  /** Ends the asking that goes on. */
  asking: AbortController | null;
  /** The person says that the link was used; the next question answers it. */
  pressed: boolean;
  /** Called when there is something to ask for again. */
  wake: () => void;
  /** A request that may have set the password had no answer. */
  lost: boolean;
  asked: number;
}

/** What every state of an attempt has. */
export function commonOf(attemptId: AccountId, { signedOut, serverName, baseUrl, address, signOutOthers }: RecoveryRecord) {
  return { recoveryId: attemptId as string as ConversationId, accountId: signedOut, serverName, baseUrl, address, signOutOthers };
}

/** The id that the window knows it by. */
export const recoveryIdOf = ({ attemptId }: Pick<RecoveryAttempt, "attemptId">): ConversationId => attemptId as string as ConversationId;

/** Addresses are the same in capitals: the server looks for them in small letters. */
export function isSame(record: RecoveryRecord, target: Pick<RecoveryRecord, "signedOut" | "baseUrl" | "address">): boolean {
  const isSameAddress = record.address.toLowerCase() === target.address.toLowerCase();
  return isSameAddress && record.baseUrl === target.baseUrl && record.signedOut === target.signedOut;
}

/** Whether a mail may have been sent although the request for it failed. */
export function isAnswerLost(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure)) return false;
  return ["network", "gateway_error", "bad_answer"].includes(thrown.error.kind);
}

/** Resolves when it is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
