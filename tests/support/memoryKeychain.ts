import type { KeychainDone, KeychainGet, KeychainProblem, SystemKeychain } from "../../main/secrets/keychain.ts";

/** A keychain in memory, behind our own port, for tests that are about something else. */
export class MemoryKeychain implements SystemKeychain {
  readonly entries = new Map<string, string>();
  /** What it answers while it is set. */
  problem: KeychainProblem | null = null;

  get(name: string): Promise<KeychainGet> {
    if (this.problem) return Promise.resolve({ kind: "failed", problem: this.problem });
    const value = this.entries.get(name);
    return Promise.resolve(value === undefined ? { kind: "absent" } : { kind: "found", value });
  }

  set(name: string, value: string): Promise<KeychainDone> {
    return this.#change(() => this.entries.set(name, value));
  }

  remove(name: string): Promise<KeychainDone> {
    return this.#change(() => this.entries.delete(name));
  }

  #change(change: () => unknown): Promise<KeychainDone> {
    if (this.problem) return Promise.resolve({ kind: "failed", problem: this.problem });
    change();
    return Promise.resolve({ kind: "done" });
  }

  status(): Promise<KeychainProblem | null> {
    return Promise.resolve(this.problem);
  }

  askToUnlock(): Promise<KeychainProblem | null> {
    return Promise.resolve(this.problem);
  }

  onLateAnswer(): void {
    // Its dialogs never come late: it has none.
  }
}
