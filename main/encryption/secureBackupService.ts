import type { PhraseStrength, SecureBackupState } from "../../shared/contract/secureBackup.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { openEncryption } from "./encryptionAccess.ts";
import { describeSecureBackup, readSecureBackup } from "./secureBackupState.ts";
import { type SetUpParts, SetUps } from "./setUps.ts";
import { openStorage, takeSecrets } from "./unlock.ts";

/** The score that a Security Phrase needs, of zxcvbn's 0 to 4. */
const GOOD_PHRASE_SCORE = 4;

export interface SecureBackupParts extends SetUpParts {
  /** The ways to keep a Security Key outside the app. Each answers whether it was done. */
  ports: {
    /** Puts a secret on the clipboard. */
    copyText: (text: string) => Promise<void>;
    saveText: (file: { suggestedName: string; text: string }) => Promise<boolean>;
    /** Prints what the window shows. */
    print: () => Promise<boolean>;
  };
  phraseStrength: (phrase: string, guessableWords: readonly string[], goodFrom: number) => Promise<PhraseStrength>;
  /** The account's display name where it is known: it is guessable. */
  displayName: (accountId: AccountId) => string | null;
}

type Requests = Handlers["secureBackup"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** What a person does to their Secure Backup: the handlers of the contract's domain `secureBackup`. */
export class SecureBackupService implements Requests {
  readonly #parts: SecureBackupParts;
  readonly #setUps: SetUps;

  constructor(parts: SecureBackupParts) {
    this.#parts = parts;
    this.#setUps = new SetUps(parts);
  }

  /** Reads the server and the session anew. */
  state = async ({ accountId }: Input<"state">): Promise<SecureBackupState> => {
    const unfinished = await this.#setUps.isUnfinished(accountId);
    return await this.#parts
      .session(accountId)
      .use(async (client, signal) =>
        describeSecureBackup(await readSecureBackup(openEncryption(client, { signal })), unfinished),
      );
  };

  phraseStrength = ({ accountId, phrase }: Input<"phraseStrength">): Promise<PhraseStrength> => {
    const { userId } = this.#parts.session(accountId).details;
    const displayName = this.#parts.displayName(accountId);
    const guessable = displayName === null ? [userId] : [userId, displayName];
    return this.#parts.phraseStrength(phrase, guessable, GOOD_PHRASE_SCORE);
  };

  setUp = async ({ accountId }: Input<"setUp">) => ({ setUp: await this.#setUps.current(accountId) });

  /** Throws `weak_phrase`, and as `SetUps.begin` does. */
  beginSetUp = async (request: Input<"beginSetUp">) => {
    const { accountId } = request;
    if (request.method === "key") return await this.#setUps.begin(accountId, null);
    const { good } = await this.phraseStrength({ accountId, phrase: request.phrase });
    if (!good) throw fail("weak_phrase");
    return await this.#setUps.begin(accountId, request.phrase);
  };

  keepSecurityKey = async ({ accountId, how }: Input<"keepSecurityKey">): Promise<{ kept: boolean }> => {
    const { ports } = this.#parts;
    const key = this.#setUps.unconfirmedKey(accountId);
    if (how === "print") return { kept: await ports.print() };
    if (how === "copy") {
      await ports.copyText(key);
      return { kept: true };
    }
    const { userId } = this.#parts.session(accountId).details;
    const nameOfFile = userId.replace(/[^\p{L}\p{N}._-]+/gu, " ").trim().slice(0, 100);
    return {
      kept: await ports.saveText({ suggestedName: `Security Key ${nameOfFile}.txt`, text: `${userId}\n${key}\n` }),
    };
  };

  /** Throws as `SetUps.confirm` does. */
  confirmSetUp = async ({ accountId, typed }: Input<"confirmSetUp">) => {
    const setUp = await this.#setUps.confirm(accountId, typed);
    await this.#announceState(accountId);
    return { setUp };
  };

  /** Throws `conversation_over` when there is nothing to continue. */
  continueSetUp = async ({ accountId }: Input<"continueSetUp">) => {
    const setUp = await this.#setUps.continue(accountId);
    await this.#announceState(accountId);
    return { setUp };
  };

  /** Throws as `SetUps.cancel` does. */
  cancelSetUp = async ({ accountId }: Input<"cancelSetUp">): Promise<Record<string, never>> => {
    await this.#setUps.cancel(accountId);
    return {};
  };

  /** Throws as `openStorage` and `takeSecrets` do. */
  unlock = async ({ accountId, keyOrPhrase }: Input<"unlock">): Promise<SecureBackupState> => {
    const unfinished = await this.#setUps.isUnfinished(accountId);
    return await this.#parts.session(accountId).useAlone(async (client, signal) => {
      const access = openEncryption(client, { signal });
      await takeSecrets(access, await openStorage(access, keyOrPhrase));
      const state = describeSecureBackup(await readSecureBackup(access), unfinished);
      this.#parts.emit("secureBackup.stateChanged", { accountId, state });
      return state;
    });
  };

  /** Tells how things stand now. A server that does not answer is not what a set-up ended with. */
  async #announceState(accountId: AccountId): Promise<void> {
    try {
      this.#parts.emit("secureBackup.stateChanged", { accountId, state: await this.state({ accountId }) });
    } catch (error) {
      this.#parts.logger.warn("the state of a Secure Backup is not known", { accountId, error });
    }
  }
}
