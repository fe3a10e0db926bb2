import { type AppError, AppFailure, isFailure } from "../../shared/errors.ts";
import { StoppedFailure } from "./serverErrors.ts";

/** Whether a request may have been carried out although it failed. */
export function mayBeDone(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure)) return false;
  const { error } = thrown;
  if (error.kind === "network") return error.reason === "cut" || error.reason === "timeout";
  return (error.kind === "server" || error.kind === "gateway_error") && error.status >= 500;
}

/**
 * What a request failed with that changes something, was sent more than once and was refused at last, after the answer to an
 * earlier try was lost: that one may have been carried out. Its error is the loss, so that nobody takes the whole for refused.
 */
export class LostAnswerFailure extends AppFailure {
  /** What the last try failed with. */
  readonly last: AppFailure;

  constructor(lost: AppError, last: AppFailure) {
    super(lost);
    this.last = last;
  }
}

/** What the last try failed with: for whoever knows what the server's last word says of the tries before it. */
export const lastAnswer = (thrown: unknown): unknown => (thrown instanceof LostAnswerFailure ? thrown.last : thrown);

/**
 * Whether a request that was sent once may have been carried out although nobody saw it: as `mayBeDone`, and where it was stopped,
 * by the end of the app or of the session as well, or answered with something that is no answer. What stops a request does not call
 * it back.
 */
export function mayBeDoneUnseen(thrown: unknown): boolean {
  return mayBeDone(thrown) || thrown instanceof StoppedFailure || isFailure(thrown, "cancelled") || isFailure(thrown, "bad_answer");
}

/**
 * Sends once what may be carried out although nobody sees it.
 *
 * @returns how the answer was lost; null where it came
 * @throws what the server says where it has not done it
 */
export async function sendOnce(send: () => Promise<unknown>): Promise<AppError | null> {
  try {
    await send();
    return null;
  } catch (thrown) {
    if (!(thrown instanceof AppFailure) || !mayBeDoneUnseen(thrown)) throw thrown;
    return thrown.error;
  }
}

/**
 * Sends once what may be carried out although nobody sees it, and looks then whether it was.
 *
 * @param isSo whether what is seen is what was wanted
 * @returns the answer, or what is seen where that was lost
 * @throws what the server says where it has not done it; how the answer was lost where it is not so, or nobody sees it
 */
export async function sendAndLook<T>(send: () => Promise<T>, look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  try {
    return await send();
  } catch (thrown) {
    if (!mayBeDoneUnseen(thrown)) throw thrown;
    const seen = await look().catch(() => null);
    if (seen === null || !isSo(seen)) throw thrown;
    return seen;
  }
}

/** Whether it is certain that a request was not carried out: it was refused, or never sent. A defect of ours says neither. */
export const isRefused = (thrown: unknown): boolean => thrown instanceof AppFailure && !mayBeDoneUnseen(thrown);

/** Whether the server could not be asked now, and may be later. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof AppFailure && (thrown.error.kind === "network" || thrown.error.kind === "rate_limited");
}
