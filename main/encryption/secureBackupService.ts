import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";
import { type KeyOrPhrase, type ResetPreview, SecretName, type SecureBackupState } from "../../shared/contract/secureBackup.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Secret, SecurityKey } from "../../shared/secret.ts";
import { type EncryptionContext, openEncryptionContext } from "./encryptionContext.ts";
import { completeBackup } from "./completeBackup.ts";
import { DeletedEntries, type SeenBackups } from "./deletedEntries.ts";
import { deleteOlderBackup } from "./deleteOlderBackup.ts";
import { describeOlderBackups, turnOffKeyStorage } from "./turnOff.ts";
import { declareBackupWanted } from "./keyBackup.ts";
import { KeptKeys } from "./storedSecurityKey.ts";
import { OpenedCopiesKeeper } from "./openedSecretCopies.ts";
import { deleteOtherKey, describeOtherKeys } from "./otherStorageKeys.ts";
import { repairSignature, repairStorage } from "./repair.ts";
import { confirmsReset, previewReset } from "./resetPreview.ts";
import { describeSecureBackup, type JustLearnt, readSecureBackup } from "./secureBackupState.ts";
import { type OwnStore, ownStoreOf } from "../roomKeys/ownStore.ts";
import { inFileName, type SuggestedName } from "../storage/suggestedName.ts";
import { formatSecurityKey, SECURITY_KEY_BYTES } from "./securityKey.ts";
import { type SetUpParts, SetUpService } from "./setUpService.ts";
import { openStorage, unlockStorage } from "./unlock.ts";

/** The score that a Security Phrase needs, of zxcvbn's 0 to 4. */
const GOOD_PHRASE_SCORE = 4;

export interface SecureBackupParts extends Omit<SetUpParts, "keptKeys" | "openedCopies"> {
  /** The ways to keep a Security Key outside the app. Each answers whether it was done. */
  ports: {
    /** Puts a secret on the clipboard. */
    copyText: (text: Secret) => Promise<void>;
    saveText: (file: { suggestedName: SuggestedName; text: string | Secret }) => Promise<boolean>;
    /** Prints what the window shows. */
    print: () => Promise<boolean>;
  };
  phraseStrength: (phrase: Secret, guessableWords: readonly string[], goodFrom: number) => Promise<PhraseStrength>;
  /** The account's display name where it is known: it is guessable. */
  displayName: (accountId: AccountId) => string | null;
  /** What is remembered of backups over a restart; nothing is, where it is left out. */
  seenBackups?: SeenBackups;
  /** Called when a set-up or an unlock has come to an end, whichever: what is known of the account has changed with it. */
  onSettled: (accountId: AccountId) => void;
  /** Called when another identity is served than before. It may be a stranger's: nothing that comes with it was done here. */
  onIdentityChanged: (accountId: AccountId) => void;
}

type Requests = Handlers["secureBackup"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** What a person does to their Secure Backup: the handlers of the contract's domain `secureBackup`. */
export class SecureBackupService implements Requests {
  readonly #parts: SecureBackupParts;
  readonly #setUps: SetUpService;
  readonly #keptKeys: KeptKeys;
  readonly #openedCopies: OpenedCopiesKeeper;
  /** Stored secrets that did not fit when they were last opened: seen only with the Security Key. */
  readonly #misfits = new Map<AccountId, SecretName[]>();
  readonly #deletedEntries: DeletedEntries;
  /** The identity that an account's server gave when it was last looked, where that was another than the one known here. */
  readonly #changedTo = new Map<AccountId, string | null>();
  /** The accounts whose backup is being completed. */
  readonly #completing = new Set<AccountId>();
  /** The name of the key that opened secret storage last, where it was not the default one. */
  readonly #otherKeysUsed = new Map<AccountId, string | null>();

  constructor(parts: SecureBackupParts) {
    this.#parts = parts;
    this.#deletedEntries = new DeletedEntries(parts.seenBackups);
    this.#keptKeys = new KeptKeys(parts.secretStore);
    this.#openedCopies = new OpenedCopiesKeeper(parts);
    this.#setUps = new SetUpService({ ...parts, keptKeys: this.#keptKeys, openedCopies: this.#openedCopies });
  }

  /** Reads the server and the session anew. */
  state = ({ accountId }: Input<"state">): Promise<SecureBackupState> => {
    return this.#use(accountId, (access) => this.#describe(accountId, access));
  };

  /** As `state`, without asking again for what is known. Throws what the promise in it throws, too. */
  stateBy(accountId: AccountId, learnt: JustLearnt): Promise<SecureBackupState> {
    return this.#use(accountId, (access) => this.#describe(accountId, access, learnt));
  }

  phraseStrength = ({ accountId, phrase }: Input<"phraseStrength">): Promise<PhraseStrength> => {
    const { userId } = this.#parts.session(accountId).details;
    const displayName = this.#parts.displayName(accountId);
    const guessable = displayName === null ? [userId] : [userId, displayName];
    return this.#parts.phraseStrength(phrase, guessable, GOOD_PHRASE_SCORE);
  };

  setUp = async ({ accountId }: Input<"setUp">) => ({ setUp: await this.#setUps.current(accountId) });

  /** Throws `weak_phrase`, `not_confirmed`, and as `SetUpService.begin` does. */
  beginSetUp = async (request: Input<"beginSetUp">) => {
    const { accountId, kind = "set_up" } = request;
    const { userId } = this.#parts.session(accountId).details;
    if (kind === "reset" && !confirmsReset(userId, request.confirmation)) throw fail("not_confirmed");
    const { deleteUnopened } = request;
    if (request.method === "key") return await this.#setUps.begin(accountId, kind, null, deleteUnopened);
    const { good } = await this.phraseStrength({ accountId, phrase: request.phrase });
    if (!good) throw fail("weak_phrase");
    return await this.#setUps.begin(accountId, kind, request.phrase, deleteUnopened);
  };

  resetPreview = ({ accountId }: Input<"resetPreview">): Promise<ResetPreview> =>
    this.#parts.session(accountId).use((client, signal) => previewReset(client, openEncryptionContext(client, { signal })));

  keepSecurityKey = async ({ accountId, how, which }: Input<"keepSecurityKey">): Promise<{ kept: boolean }> => {
    const { ports } = this.#parts;
    const key = which === "new" ? this.#setUps.unconfirmedKey(accountId) : (await this.showKeptKey({ accountId })).securityKey;
    if (how === "print") return { kept: await ports.print() };
    if (how === "copy") {
      await ports.copyText(key);
      return { kept: true };
    }
    const { userId } = this.#parts.session(accountId).details;
    return {
      kept: await ports.saveText({
        suggestedName: { holds: "security_key", of: inFileName(userId), ending: "txt" },
        text: key.between(`${userId}\n`, "\n"),
      }),
    };
  };

  /** Throws as `SetUpService.confirm` does. */
  confirmSetUp = async ({ accountId, typed, keepOnThisComputer }: Input<"confirmSetUp">) => {
    const setUp = await this.#setUps.confirm(accountId, typed, keepOnThisComputer ?? null);
    await this.#settled(accountId);
    return { setUp };
  };

  /** Throws `conversation_over` when there is nothing to continue. */
  continueSetUp = async ({ accountId }: Input<"continueSetUp">) => {
    const setUp = await this.#setUps.continue(accountId);
    await this.#settled(accountId);
    return { setUp };
  };

  /** Throws as `SetUpService.cancel` does. */
  cancelSetUp = async ({ accountId }: Input<"cancelSetUp">): Promise<Record<string, never>> => {
    await this.#setUps.cancel(accountId);
    this.#parts.onSettled(accountId);
    return {};
  };

  /** Throws as `openStorage` and `KeptKeys.keep` do: then nothing was kept. */
  keepOnThisComputer = ({ accountId, keyOrPhrase }: Input<"keepOnThisComputer">): Promise<SecureBackupState> =>
    this.#exclusively(accountId, async (access) => {
      const { isDefault, name, ...opened } = await openStorage(access, keyOrPhrase);
      if (!isDefault) throw fail("other_key_opens", { name: (name ?? "").slice(0, 300) });
      await this.#keptKeys.keep(accountId, opened);
      return await this.#tell(accountId, access);
    });

  /** Throws as `KeptKeys.current` does. */
  showKeptKey = ({ accountId }: Input<"showKeptKey">): Promise<{ securityKey: SecurityKey }> =>
    this.#parts.session(accountId).use(async (client, signal) => {
      const { key } = await this.#keptKeys.current(accountId, openEncryptionContext(client, { signal }));
      return { securityKey: formatSecurityKey(key) };
    });

  /**
   * The Security Key that what was typed, or the kept key, turns out to be, once it has opened the Secure Backup there is
   * now. Throws as `repair` does; `other_key_opens` where it is not the default key, and
   * `phrase_key_length` for one of a phrase that no client takes as a Security Key.
   */
  checkedKey(accountId: AccountId, keyOrPhrase: KeyOrPhrase): Promise<SecurityKey> {
    return this.#use(accountId, async (access) => {
      const { isDefault, name, key } = await openStorage(access, await this.#typedOrKept(accountId, access, keyOrPhrase));
      if (!isDefault) throw fail("other_key_opens", { name: (name ?? "").slice(0, 300) });
      if (key.length !== SECURITY_KEY_BYTES) throw fail("phrase_key_length", { bits: key.length * 8 });
      return formatSecurityKey(key);
    });
  }

  forgetKeptKey = async ({ accountId }: Input<"forgetKeptKey">): Promise<Record<string, never>> => {
    await this.#keptKeys.forget(accountId);
    return {};
  };

  /** Whether this computer keeps a Security Key of the account. */
  keepsSecurityKey(accountId: AccountId): Promise<boolean | null> {
    return this.#keptKeys.has(accountId);
  }

  /** Throws as `openStorage`, `takeSecrets` and, with the kept key, `KeptKeys.current` do. */
  unlock = ({ accountId, keyOrPhrase }: Input<"unlock">): Promise<SecureBackupState> =>
    this.#mend(accountId, async (access) => {
      const opened = await unlockStorage(access, await this.#typedOrKept(accountId, access, keyOrPhrase));
      this.#otherKeysUsed.delete(accountId);
      if (opened && !opened.isDefault) this.#otherKeysUsed.set(accountId, opened.name);
    });

  /** Throws `identity_replaced` when the server gives another identity than the one that was shown. */
  acceptIdentity = ({ accountId, master }: Input<"acceptIdentity">): Promise<SecureBackupState> =>
    this.#mend(accountId, async ({ identity, machine, server }) => {
      await server.queryOwnKeys(machine);
      if (identity.changedTo === null) return;
      if (identity.changedTo !== master) throw fail("identity_replaced");
      await identity.accept(master);
    });

  /** Throws as `repairStorage` and, with the kept key, `KeptKeys.current` do. */
  repair = ({ accountId, keyOrPhrase, newBackup = false, makeDefault = false }: Input<"repair">) =>
    this.#mend(accountId, async (access) => {
      if (keyOrPhrase === null) return await repairSignature(access);
      const typed = await this.#typedOrKept(accountId, access, keyOrPhrase);
      await repairStorage(access, typed, { newBackup, makeDefault }, () => this.#ownStore(accountId));
      this.#otherKeysUsed.delete(accountId);
    });

  otherKeys = ({ accountId }: Input<"otherKeys">) => this.#use(accountId, async (access) => ({ keys: await describeOtherKeys(access) }));

  /** Throws `not_found` when there is nothing of the kind. */
  deleteOtherKey = ({ accountId, keyId }: Input<"deleteOtherKey">) =>
    this.#exclusively(accountId, async (access) => {
      await deleteOtherKey(access, keyId);
      await this.#tell(accountId, access);
      return { keys: await describeOtherKeys(access) };
    });

  /** A key that is kept opens nothing any more afterwards, so it is forgotten too. */
  turnOff = ({ accountId, deleteUnopened = false }: Input<"turnOff">): Promise<SecureBackupState> =>
    this.#mend(accountId, async (access) => {
      await turnOffKeyStorage(access, () => this.#ownStore(accountId), deleteUnopened);
      // It is off, whatever becomes of the kept key: one that stays is shown as one that opens nothing.
      await this.#keptKeys.forget(accountId).catch((error: unknown) => {
        this.#parts.logger.warn("a kept key was not forgotten", { accountId, error });
      });
    });

  turnOn = ({ accountId }: Input<"turnOn">): Promise<SecureBackupState> => this.#mend(accountId, declareBackupWanted);

  olderBackups = ({ accountId }: Input<"olderBackups">) =>
    this.#parts.session(accountId).use(async (client, signal) => ({
      backups: await describeOlderBackups(openEncryptionContext(client, { signal })),
    }));

  /** Throws as `deleteOlderBackup` does. */
  deleteOlderBackup = ({ accountId, version, deleteUnopened = false }: Input<"deleteOlderBackup">) =>
    this.#exclusively(accountId, async (access) => {
      const outcome = await deleteOlderBackup(access, version, deleteUnopened);
      return { backups: await describeOlderBackups(access), outcome };
    });

  #ownStore(accountId: AccountId): Promise<OwnStore> {
    return ownStoreOf(this.#parts.session(accountId));
  }

  async #mend(accountId: AccountId, work: (access: EncryptionContext) => Promise<void>): Promise<SecureBackupState> {
    return await this.#exclusively(accountId, async (access) => {
      try {
        await work(access);
        this.#misfits.delete(accountId);
      } catch (thrown) {
        this.#rememberMisfits(accountId, thrown);
        throw thrown;
      } finally {
        await this.#openedCopies.save(accountId);
      }
      const state = await this.#tell(accountId, access);
      this.#parts.onSettled(accountId);
      return state;
    });
  }

  async #use<T>(accountId: AccountId, work: (access: EncryptionContext) => Promise<T>): Promise<T> {
    const opened = await this.#openedCopies.of(accountId);
    return await this.#parts.session(accountId).use((client, signal) => work(openEncryptionContext(client, { signal, opened })));
  }

  async #exclusively<T>(accountId: AccountId, work: (access: EncryptionContext) => Promise<T>): Promise<T> {
    const opened = await this.#openedCopies.of(accountId);
    return await this.#parts.session(accountId).useAlone((client, signal) => work(openEncryptionContext(client, { signal, opened })));
  }

  /** What was typed, or the key that is kept, as if it had been. */
  async #typedOrKept(accountId: AccountId, access: EncryptionContext, keyOrPhrase: KeyOrPhrase): Promise<SecurityKey> {
    if (!("kept" in keyOrPhrase)) return keyOrPhrase;
    return formatSecurityKey((await this.#keptKeys.current(accountId, access)).key);
  }

  /** Reads how things stand now, tells the renderer, and answers it. */
  async #tell(accountId: AccountId, access: EncryptionContext): Promise<SecureBackupState> {
    const state = await this.#describe(accountId, access);
    this.#parts.emit("secureBackup.stateChanged", { accountId, state });
    return state;
  }

  #rememberMisfits(accountId: AccountId, thrown: unknown): void {
    if (!isFailure(thrown, "secure_backup_check_failed")) return;
    const { failed } = thrown.error;
    this.#misfits.set(
      accountId,
      SecretName.options.filter((name) => failed.includes(name)),
    );
  }

  async #describe(accountId: AccountId, access: EncryptionContext, learnt?: JustLearnt): Promise<SecureBackupState> {
    const reading = await readSecureBackup(access, learnt);
    this.#noteIdentity(accountId, reading.changedTo);
    if (await this.#deletedEntries.mayBeMissing(accountId, access, reading)) this.#completeBackup(accountId);
    await this.#setUps.forgetAbandoned(accountId, access);
    return describeSecureBackup(reading, {
      keptKey: await this.#keptKeys.describe(accountId, reading),
      unfinished: await this.#setUps.isUnfinished(accountId),
      misfits: this.#misfits.get(accountId) ?? [],
      openedByOtherKey: this.#otherKeysUsed.has(accountId) ? { name: this.#otherKeysUsed.get(accountId) ?? null } : null,
    });
  }

  /** What reads as verified elsewhere was found out under the identity of before, and is found out anew. */
  #noteIdentity(accountId: AccountId, changedTo: string | null): void {
    if ((this.#changedTo.get(accountId) ?? null) === changedTo) return;
    this.#changedTo.set(accountId, changedTo);
    this.#parts.onIdentityChanged(accountId);
  }

  /** Uploads again what another client has deleted in the backup, if anything. Where it fails, the next look begins it again. */
  #completeBackup(accountId: AccountId): void {
    if (this.#completing.has(accountId)) return;
    this.#completing.add(accountId);
    this.#exclusively(accountId, async (access) => {
      const complete = await completeBackup(access, () => this.#ownStore(accountId));
      const backup = await access.server.backup();
      if (backup) await this.#deletedEntries.settle(accountId, access, backup);
      this.#parts.logger.info("the entries of a backup were compared with this session", { accountId, complete });
      await this.#tell(accountId, access);
    })
      .catch((error: unknown) => this.#parts.logger.warn("a backup that may lack entries was not completed", { accountId, error }))
      .finally(() => this.#completing.delete(accountId));
  }

  /** Tells how things stand now. A server that does not answer is not what a set-up ended with. */
  async #settled(accountId: AccountId): Promise<void> {
    this.#parts.onSettled(accountId);
    try {
      this.#parts.emit("secureBackup.stateChanged", { accountId, state: await this.state({ accountId }) });
    } catch (error) {
      this.#parts.logger.warn("the state of a Secure Backup is not known", { accountId, error });
    }
  }
}
