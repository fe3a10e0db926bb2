import type { MatrixClient } from "matrix-js-sdk";
import type { KeptBackups, SetUp, SetUpKind, SetUpStep } from "../../shared/contract/setUp.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { SecurityKey, SecurityKeyBytes } from "../../shared/secret.ts";
import type { AuthDict, Challenges } from "../uia/challenges.ts";
import type { Logger } from "../logging/logger.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import type { MatrixSession } from "../sessions/matrixSession.ts";
import { type EncryptionContext, openEncryptionContext } from "./encryptionContext.ts";
import { refuseChangedIdentity } from "./crossSigning.ts";
import { backupKeyHere } from "./keyBackup.ts";
import type { KeptKeys } from "./storedSecurityKey.ts";
import type { OpenedCopiesKeeper } from "./openedSecretCopies.ts";
import { newPendingSetUp, type PendingSetUp, PendingSetUps } from "./pendingSetUp.ts";
import { ownStoreOf } from "../roomKeys/ownStore.ts";
import { formatSecurityKey, newSecurityKey, parseSecurityKey } from "./securityKey.ts";
import { keyFromPhrase, newPhraseInfo } from "./securityPhrase.ts";
import { hasMaster } from "./newCrossSigningKeys.ts";
import { heldHere, removeKeys } from "./removeStorageKeys.ts";
import { takeUpAgain } from "./continueSetUp.ts";
import { unopenedVersions } from "./turnOff.ts";
import { refuseToBegin, refuseToChange, STEPS, whatIsReplaced } from "./setUpSteps.ts";
import type { SetUpContext } from "./setUpContext.ts";

export interface SetUpParts {
  session: (accountId: AccountId) => MatrixSession;
  /** Resolves when the account's session has started or said why not; it goes before others. */
  whenStarted: (accountId: AccountId) => Promise<void>;
  secretStore: SecretStore;
  keptKeys: KeptKeys;
  openedCopies: OpenedCopiesKeeper;
  challenges: Challenges;
  emit: Emit;
  logger: Logger;
}

/** Waits to be typed back. Exists in memory alone. */
interface Unconfirmed {
  pending: PendingSetUp;
  phrase: SecurityKey | null;
}

/** How a person's set-up stands: what is shown, and what stops it. */
interface Conversation {
  shown: SetUp;
  unconfirmed: Unconfirmed | null;
  stop: AbortController | null;
}

/** How long a set-up that has changed nothing yet waits to be continued, in milliseconds. */
const ABANDONED_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

type StepStatus = SetUp["steps"][number]["status"];
type WithoutCommon<S> = S extends SetUp ? Omit<S, "accountId" | "kind" | "method" | "steps"> : never;
/** A phase with what belongs to it, beside what is there in all of them. */
type Phase = WithoutCommon<SetUp>;

/**
 * The set-ups under way, one for each account. A confirmed one is kept with the account's secrets until it is checked,
 * so that it can be continued after anything.
 */
export class SetUpService {
  readonly #parts: SetUpParts;
  readonly #pendings: PendingSetUps;
  readonly #conversations = new Map<AccountId, Conversation>();

  constructor(parts: SetUpParts) {
    this.#parts = parts;
    this.#pendings = new PendingSetUps(parts.secretStore);
  }

  /** The set-up of an account, also one that an earlier run of the app left unfinished; or null. */
  async current(accountId: AccountId): Promise<SetUp | null> {
    const held = this.#conversations.get(accountId);
    if (held) return held.shown;
    const pending = await this.#pendings.read(accountId);
    // Asked twice at once, both may have waited for the file.
    if (!pending || this.#conversations.has(accountId)) return this.#conversations.get(accountId)?.shown ?? null;
    return this.#remember(accountId, pending, { phase: "stopped", error: null, keptSince: pending.confirmedAt }).shown;
  }

  /**
   * Forgets a stopped set-up, and with it its Security Key, that nobody has continued for a week and that has changed
   * nothing which the server names as the account's. One that has can only be finished, and is kept for that. Throws what
   * the server says.
   */
  async forgetAbandoned(accountId: AccountId, access: EncryptionContext): Promise<void> {
    if (this.#conversations.get(accountId)?.stop) return;
    const pending = await this.#pendings.read(accountId);
    if (!pending || Date.now() - (pending.confirmedAt ?? Date.now()) < ABANDONED_AFTER_MS) return;
    try {
      await giveUp(access, pending);
    } catch (thrown) {
      if (isFailure(thrown, "only_to_finish") || isFailure(thrown, "secure_backup_exists")) return;
      throw thrown;
    }
    await this.#pendings.remove(accountId);
    this.#conversations.delete(accountId);
  }

  /** Whether a confirmed set-up has not been checked yet. */
  async isUnfinished(accountId: AccountId): Promise<boolean> {
    return (await this.#pendings.read(accountId)) !== null;
  }

  /**
   * Makes a Security Key, or derives it from a phrase, and answers it to be shown. One that was made before and not
   * confirmed is forgotten. Nothing is changed on the server.
   *
   * Throws `secure_backup_exists`, `secure_backup_absent`, `session_not_verified`, and `conversation_over` while a
   * confirmed one is unfinished.
   *
   * @param deleteUnopened whether a reset deletes, in the end, also those backups which nothing here opens now
   */
  async begin(
    accountId: AccountId,
    kind: SetUpKind,
    phrase: SecurityKey | null,
    deleteUnopened = false,
  ): Promise<{ setUp: SetUp; securityKey: SecurityKey }> {
    if (await this.isUnfinished(accountId)) throw fail("conversation_over");
    const { replaces, discards } = await this.#parts.session(accountId).use(async (client, signal) => {
      const access = openEncryptionContext(client, { signal });
      if (kind === "set_up") await refuseToBegin(access);
      if (kind === "change") await refuseToChange(access);
      return {
        replaces: kind === "set_up" ? null : await whatIsReplaced(access),
        discards: kind === "reset" && deleteUnopened ? await unopenedVersions(access) : [],
      };
    });
    const phraseInfo = phrase === null ? undefined : newPhraseInfo();
    const key = phrase === null ? newSecurityKey() : await keyFromPhrase(phrase, phraseInfo!);
    const pending = await newPendingSetUp(kind, phrase === null ? "key" : "phrase", key, phraseInfo, replaces, discards);
    const conversation = this.#remember(accountId, pending, { phase: "confirm_key" });
    conversation.unconfirmed = { pending, phrase };
    this.#announce(conversation);
    return { setUp: conversation.shown, securityKey: formatSecurityKey(key) };
  }

  /** The Security Key that waits to be typed back. Throws `conversation_over` when none does. */
  unconfirmedKey(accountId: AccountId): SecurityKey {
    const unconfirmed = this.#conversations.get(accountId)?.unconfirmed;
    if (!unconfirmed) throw fail("conversation_over");
    return formatSecurityKey(unconfirmed.pending.key);
  }

  /**
   * Takes the key, or the phrase it comes from, typed back; keeps the set-up, then runs it. Resolves when it has ended
   * or stopped. Throws `security_key_not_confirmed`, `malformed_security_key`, `conversation_over`, and what prevents it
   * from being kept: then nothing has been changed on the server.
   *
   * @param keepKey whether the Security Key stays on this computer in the end; null: if another one is kept now
   */
  async confirm(accountId: AccountId, typed: SecurityKey, keepKey: boolean | null): Promise<SetUp> {
    const conversation = this.#conversations.get(accountId);
    const unconfirmed = conversation?.unconfirmed;
    if (!conversation || !unconfirmed) throw fail("conversation_over");
    const { phrase } = unconfirmed;
    let { pending } = unconfirmed;
    if (phrase === null || !typed.equals(phrase)) {
      if (!parseTyped(typed, phrase !== null).equals(pending.key)) throw fail("security_key_not_confirmed");
    }
    // From here on it cannot be confirmed once more, and a cancel stops it.
    conversation.unconfirmed = null;
    conversation.stop = new AbortController();
    try {
      if (keepKey) await this.#parts.keptKeys.refuseInMemory(accountId);
      pending = { ...pending, confirmedAt: Date.now(), keepKey: keepKey ?? (await this.#parts.keptKeys.has(accountId)) === true };
      await this.#pendings.write(accountId, pending);
    } catch (thrown) {
      conversation.unconfirmed = unconfirmed;
      conversation.stop = null;
      throw thrown;
    }
    return await this.#run(accountId, conversation, pending);
  }

  /**
   * Goes on with a stopped set-up, once its session has started; and by itself where it is stopped by what passes, unless
   * that would ask the person again what they have answered. Throws `conversation_over` when there is none, or when it is
   * running.
   */
  async continue(accountId: AccountId): Promise<SetUp> {
    await this.current(accountId);
    const conversation = this.#conversations.get(accountId);
    const pending = await this.#pendings.read(accountId);
    if (!conversation || !pending || conversation.stop) throw fail("conversation_over");
    return await this.#run(accountId, conversation, pending, { again: true });
  }

  /**
   * Before the key was confirmed, forgets it. While it runs, stops it after the current request. A stopped one is given
   * up when the server does not yet name its key or its identity as the account's; after that it can only be finished,
   * and `secure_backup_exists` is thrown, or `only_to_finish` for a change or a reset.
   */
  async cancel(accountId: AccountId): Promise<void> {
    const conversation = this.#conversations.get(accountId);
    if (conversation?.stop) {
      conversation.stop.abort();
      return;
    }
    const pending = await this.#pendings.read(accountId);
    if (pending) {
      const opened = await this.#parts.openedCopies.of(accountId);
      await this.#parts.session(accountId).useAlone((client, signal) => {
        return giveUp(openEncryptionContext(client, { signal, opened }), pending);
      });
      await this.#pendings.remove(accountId);
    }
    this.#conversations.delete(accountId);
  }

  async #run(accountId: AccountId, conversation: Conversation, pending: PendingSetUp, { again } = { again: false }): Promise<SetUp> {
    const stop = conversation.stop ?? new AbortController();
    conversation.stop = stop;
    let steps: SetUp["steps"] = STEPS[pending.kind].map(({ step }) => ({ step, status: "to_do" }));
    let keptBackups: KeptBackups | null = null;
    const onKept = (kept: KeptBackups | null): void => void (keptBackups = kept);
    const show = (phase: Phase): void => {
      const { kind, method } = pending;
      conversation.shown = { accountId, kind, method, steps, ...phase };
      this.#announce(conversation);
    };
    const mark = (step: SetUpStep, status: StepStatus): void => {
      steps = steps.map((entry) => (entry.step === step ? { step, status } : entry));
      show({ phase: "running" });
    };
    let asked = false;
    const run = (): Promise<void> =>
      this.#parts.session(accountId).useAlone(async (client, signal) => {
        const onAnswer = (): void => void (asked = true);
        const now = (await this.#pendings.read(accountId)) ?? pending;
        await this.#runSteps(accountId, client, { pending: now, mark, stop, signal, onKept, onAnswer });
      });
    try {
      show({ phase: "running" });
      const ready = (): Promise<void> => this.#parts.whenStarted(accountId);
      await (again ? takeUpAgain(run, { ready, asked: () => asked, stop: stop.signal }) : run());
      await this.#pendings.finish(accountId, pending);
      show({ phase: "checked", keptBackups });
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) this.#parts.logger.error("a set-up stopped", { accountId, error: thrown });
      const error: AppError = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "set-up" };
      steps = steps.map(({ step, status }) => ({ step, status: status === "running" ? "to_do" : status }));
      conversation.stop = null;
      show({ phase: "stopped", error, keptSince: pending.confirmedAt });
    }
    conversation.stop = null;
    await this.#parts.openedCopies.save(accountId);
    return conversation.shown;
  }

  async #runSteps(
    accountId: AccountId,
    client: MatrixClient,
    run: {
      pending: PendingSetUp;
      mark: (step: SetUpStep, status: StepStatus) => void;
      stop: AbortController;
      signal: AbortSignal;
      onKept: SetUpContext["onKept"];
      /** Called when the person has answered what the server asked. */
      onAnswer: () => void;
    },
  ): Promise<void> {
    const { stop } = run;
    const throwIfStopped = (): void => {
      if (stop.signal.aborted) throw fail("cancelled");
    };
    const opened = await this.#parts.openedCopies.of(accountId);
    const access = openEncryptionContext(client, { signal: run.signal, beforeEach: throwIfStopped, opened });
    if (run.pending.kind !== "reset") refuseChangedIdentity(access);
    const session = this.#parts.session(accountId);
    // What ends the session also ends the question that is put to the person.
    const abort = (): void => stop.abort(run.signal.reason);
    run.signal.addEventListener("abort", abort, { once: true });
    let pending = await this.#rememberBackupKey(accountId, access, run.pending);
    const purpose = pending.kind === "reset" ? "reset_identity" : "upload_identity";
    try {
      for (const { step, run: runStep } of STEPS[pending.kind]) {
        throwIfStopped();
        run.mark(step, "running");
        await runStep({
          access,
          pending,
          ownStore: () => ownStoreOf(this.#parts.session(accountId)),
          onKept: run.onKept,
          authenticate: (request) => {
            const noted = (auth: AuthDict | null): Promise<void> => {
              if (auth !== null) run.onAnswer();
              return request(auth);
            };
            return this.#parts.challenges.run(session, purpose, noted, { signal: stop.signal });
          },
        });
        if (!pending.done.includes(step)) {
          pending = { ...pending, done: [...pending.done, step] };
          await this.#pendings.write(accountId, pending);
        }
        run.mark(step, "done");
      }
    } finally {
      run.signal.removeEventListener("abort", abort);
    }
  }

  /** Keeps this session's key of the backup there is: what it opens must be opened again after another took its place. */
  async #rememberBackupKey(accountId: AccountId, access: EncryptionContext, pending: PendingSetUp): Promise<PendingSetUp> {
    const here = await backupKeyHere(access);
    if (here === null || [pending.backupKey, ...pending.formerBackupKeys].some((key) => key.equals(here))) return pending;
    const remembered = { ...pending, formerBackupKeys: [...pending.formerBackupKeys, here] };
    await this.#pendings.write(accountId, remembered);
    return remembered;
  }

  #remember(accountId: AccountId, { kind, method, done }: PendingSetUp, phase: Phase): Conversation {
    const steps: SetUp["steps"] = STEPS[kind].map(({ step }) => ({ step, status: done.includes(step) ? "done" : "to_do" }));
    const shown: SetUp = { accountId, kind, method, steps, ...phase };
    const conversation: Conversation = { shown, unconfirmed: null, stop: null };
    this.#conversations.set(accountId, conversation);
    return conversation;
  }

  #announce({ shown }: Conversation): void {
    this.#parts.emit("secureBackup.setUpChanged", shown);
  }
}

/**
 * Makes sure that a set-up may be forgotten, and takes away what a change of key has stored beside the old one. Throws
 * as `SetUpService.cancel` does.
 */
async function giveUp(access: EncryptionContext, pending: PendingSetUp): Promise<void> {
  const defaultKey = await access.storage.defaultKey();
  const current = defaultKey.kind === "found" ? defaultKey.keyId : null;
  if (current === pending.keyId) throw fail(pending.kind === "set_up" ? "secure_backup_exists" : "only_to_finish");
  if (pending.identity) {
    const { master } = await access.server.queryOwnKeys(access.machine);
    if (hasMaster(pending.identity, master)) throw fail("only_to_finish");
  }
  if (pending.kind !== "change" || current === null) return;
  await removeKeys(access, {
    keep: current,
    which: [pending.keyId],
    keys: [pending.key],
    stays: await heldHere(access),
    unproven: "leave",
  });
}

/** A text that is no key at all is a mistyped phrase, where a phrase is what may be typed. */
function parseTyped(typed: SecurityKey, mayBePhrase: boolean): SecurityKeyBytes {
  try {
    return parseSecurityKey(typed);
  } catch (thrown) {
    throw mayBePhrase ? fail("security_key_not_confirmed") : thrown;
  }
}
