/** How long the steps of a verification may take, in milliseconds. */
export interface VerificationLimits {
  /** From the request to its end (Client-Server API, "Key verification framework": ten minutes). */
  request: number;
  /** Without a message from the other side while it is its turn (same place: two minutes). */
  idle: number;
  /**
   * While emoji are compared. The crypto machine, ours and that of most clients, gives up when no message has come for
   * a minute, whatever the specification grants.
   */
  comparing: number;
  /** Until the secrets have come over from the other session. */
  secrets: number;
  /** At most this long is waited, by chance, before asking again when both sides have asked at once. */
  askAgainWithin: number;
}

export const VERIFICATION_LIMITS: VerificationLimits = {
  request: 10 * 60_000,
  idle: 2 * 60_000,
  comparing: 60_000,
  secrets: 45_000,
  askAgainWithin: 4_000,
};
