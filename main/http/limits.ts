/** What main puts up with from a server. */
export interface ServerLimits {
  /** Until a request without an answer counts as lost, in milliseconds. The SDK gives a sync that waits for news and a few others longer. */
  answerMs: number;
  /** As `answerMs`, of a first sync: a server puts it together from all that an account has. */
  firstSyncMs: number;
  /** Until an answer that has begun and does not go on counts as cut, in milliseconds. */
  silenceMs: number;
  /** Until an answer must be there as a whole, in milliseconds: one that drips is never silent. */
  wholeAnswerMs: number;
  /**
   * The longest answer, in bytes. A sync of Steward's brings account data, the changes of devices and up to a hundred
   * messages of 64 KiB for this session; what JSON of this length takes in memory, an account can be given.
   */
  answerBytes: number;
}

export const SERVER_LIMITS: ServerLimits = {
  answerMs: 30_000,
  firstSyncMs: 80_000,
  silenceMs: 60_000,
  wholeAnswerMs: 300_000,
  answerBytes: 32 * 1024 * 1024,
};
