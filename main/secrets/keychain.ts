/** Why a keychain does not answer. Both pass: nothing that is in it has been lost. */
export type KeychainProblem = "locked" | "unreachable";

/** `absent` is said only when the keychain was open and the entry is not in it. */
export type KeychainGet = { kind: "found"; value: string } | { kind: "absent" } | { kind: "failed"; problem: KeychainProblem };

export type KeychainDone = { kind: "done" } | { kind: "failed"; problem: KeychainProblem };

/**
 * A place for short secret texts under a name. That it cannot be used now is an answer, not an exception; a keychain
 * that is a file of ours throws `file_failed` and `data_too_new` besides.
 */
export interface Keychain {
  get(name: string): Promise<KeychainGet>;
  /** When done, the entry has been read back and is what was given. */
  set(name: string, value: string): Promise<KeychainDone>;
  /** Removing what is absent is done at once. */
  remove(name: string): Promise<KeychainDone>;
}

/** The operating system's keychain, which the person may have to open. */
export interface SystemKeychain extends Keychain {
  /** Whether it can be used now, asked without a dialog. Null when it can. */
  status(): Promise<KeychainProblem | null>;
  /** As `status`, but lets the system ask the person to open it, even if they turned that down before. */
  askToUnlock(): Promise<KeychainProblem | null>;
  /** Called when a dialog was answered after the call that opened it had given up waiting. */
  onLateAnswer(listener: () => void): void;
}
