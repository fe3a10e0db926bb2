import { create } from "zustand";
import type { KeyOrPhraseInput, SecureBackupState } from "../../shared/contract/secureBackup.ts";
import type { SetUp, SetUpKind } from "../../shared/contract/setUp.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** How a person confirmed a reset. */
export interface ResetConfirmation {
  readonly typed: string;
  /** They give up the backups that nothing here opens. */
  readonly deleteUnopened: boolean;
}

/** What the person is about to do; of it nothing has been begun in main. */
interface Intent {
  /** The new Security Key while it waits to be typed back. In memory only; gone when the window is loaded again. */
  readonly shownKey: string | null;
  /** What the person wants to do with a Secure Backup that is there; nothing of it has been begun. */
  readonly intent: SetUpKind | null;
  /** What was typed to confirm this reset; each one is confirmed again. */
  readonly confirmation: ResetConfirmation | null;
}

/** What is known of one account's Secure Backup. */
export interface SecureBackupEntry extends Intent {
  readonly loading: boolean;
  readonly state: SecureBackupState | null;
  readonly error: AppError | null;
  readonly setUp: SetUp | null;
}

const nothing: Intent = { shownKey: null, intent: null, confirmation: null };

const states = createLoaded<SecureBackupState>((accountId) => steward.secureBackup.state({ accountId }));

/** The set-up under way; one that has been checked is over for a page that asks. */
const setUps = createLoaded<SetUp | null>(async (accountId) => {
  const { setUp } = await steward.secureBackup.setUp({ accountId });
  return setUp?.phase === "checked" ? null : setUp;
});

const useIntents = create<{ readonly byAccount: Readonly<Record<AccountId, Intent>> }>()(() => ({ byAccount: {} }));

/** What is known of this account's Secure Backup. */
export function useSecureBackup(accountId: AccountId): SecureBackupEntry {
  const { answer: state, error, loading } = states.use(accountId);
  const setUp = setUps.use(accountId);
  const intent = useIntents(({ byAccount }) => byAccount[accountId] ?? nothing);
  return { ...intent, state, setUp: setUp.answer, error: error ?? setUp.error, loading: loading || setUp.loading };
}

function update(accountId: AccountId, changes: Partial<Intent>): void {
  useIntents.setState(({ byAccount }) => ({
    byAccount: { ...byAccount, [accountId]: { ...(byAccount[accountId] ?? nothing), ...changes } },
  }));
}

/** Takes in a state as it is now. */
export function secureBackupStateChanged(accountId: AccountId, state: SecureBackupState): void {
  states.set(accountId, state);
}

/** Takes in a set-up as it is now. */
export function setUpChanged(setUp: SetUp): void {
  setUps.set(setUp.accountId, setUp);
  forgetTypedBackKey(setUp.accountId);
}

/** The shown key is forgotten as soon as it has been typed back. */
function forgetTypedBackKey(accountId: AccountId): void {
  if (setUps.get(accountId).answer?.phase !== "confirm_key") update(accountId, { shownKey: null });
}

/** Forgets what was intended with an account that was removed, and its key. */
export function forgetSecureBackup(accountId: AccountId): void {
  useIntents.setState(({ byAccount }) => {
    const { [accountId]: _removed, ...rest } = byAccount;
    return { byAccount: rest };
  });
}

/** Reads the state from the server and asks for a set-up under way. */
export async function loadSecureBackup(accountId: AccountId): Promise<void> {
  await setUps.load(accountId);
  forgetTypedBackKey(accountId);
  await states.load(accountId);
}

/** Notes that the person wants a new key for the same secrets, or to reset, or no longer does. */
export function intend(accountId: AccountId, intent: SecureBackupEntry["intent"]): void {
  update(accountId, { intent, confirmation: null });
}

/** Notes how the reset that is intended was confirmed. */
export function confirmReset(accountId: AccountId, confirmation: ResetConfirmation): void {
  update(accountId, { confirmation });
}

/**
 * Begins a set-up with a new key, or with the key that `phrase` leads to.
 *
 * @param confirmation how a reset was confirmed
 * @throws RequestFailure
 */
export async function beginSetUp(
  accountId: AccountId,
  kind: SetUpKind,
  phrase: string | null,
  confirmation: ResetConfirmation | null,
): Promise<void> {
  const begin = { accountId, kind, confirmation: confirmation?.typed, deleteUnopened: confirmation?.deleteUnopened };
  const { setUp, securityKey } = await steward.secureBackup.beginSetUp(
    phrase === null ? { ...begin, method: "key" } : { ...begin, method: "phrase", phrase },
  );
  setUps.set(accountId, setUp);
  update(accountId, { shownKey: securityKey });
}

/**
 * Hands in the key that was typed back; resolves when the set-up has ended or stopped. How it goes is told by events: what
 * is answered in the end says nothing new, and the person may have gone on by then.
 *
 * @param keepOnThisComputer whether the key stays here, to be shown again; undefined as it is with the one before
 * @throws RequestFailure
 */
export async function confirmSetUp(accountId: AccountId, typed: string, keepOnThisComputer: boolean | undefined): Promise<void> {
  await steward.secureBackup.confirmSetUp({ accountId, typed, keepOnThisComputer });
}

/** Goes on with a stopped set-up, as `confirmSetUp` does. @throws RequestFailure */
export async function continueSetUp(accountId: AccountId): Promise<void> {
  await steward.secureBackup.continueSetUp({ accountId });
}

/** Forgets a key that was not typed back, or stops a set-up that runs. @throws RequestFailure */
export async function cancelSetUp(accountId: AccountId): Promise<void> {
  await steward.secureBackup.cancelSetUp({ accountId });
  const { setUp } = await steward.secureBackup.setUp({ accountId });
  setUps.set(accountId, setUp);
  forgetTypedBackKey(accountId);
}

/** Leaves a set-up that has been checked, and reads what is there now. */
export async function finishSetUp(accountId: AccountId): Promise<void> {
  setUps.set(accountId, null);
  update(accountId, nothing);
  await loadSecureBackup(accountId);
}

/** Opens an existing Secure Backup on this session. @throws RequestFailure */
export async function unlock(accountId: AccountId, keyOrPhrase: KeyOrPhraseInput): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.unlock({ accountId, keyOrPhrase }));
}

/** Says that the identity which the server gives now is the person's own. @throws RequestFailure */
export async function acceptIdentity(accountId: AccountId, master: string): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.acceptIdentity({ accountId, master }));
}

/** What a person has agreed to beyond the repair itself. */
export interface RepairChoices {
  readonly newBackup: boolean;
  readonly makeDefault: boolean;
}

/** Mends what is wrong, with the Security Key or Phrase where it takes one. @throws RequestFailure */
export async function repair(accountId: AccountId, keyOrPhrase: KeyOrPhraseInput | null, choices: RepairChoices): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.repair({ accountId, keyOrPhrase, ...choices }));
}

/** Keeps the Security Key on this computer, if it is the right one. @throws RequestFailure */
export async function keepOnThisComputer(accountId: AccountId, keyOrPhrase: string): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.keepOnThisComputer({ accountId, keyOrPhrase }));
}

/** Removes the Security Key that this computer keeps. The server is not asked for anything. @throws RequestFailure */
export async function forgetKeptKey(accountId: AccountId): Promise<void> {
  await steward.secureBackup.forgetKeptKey({ accountId });
  const state = states.get(accountId).answer;
  if (state) states.set(accountId, { ...state, keptKey: { ...state.keptKey, status: "none" } });
}

/**
 * Turns key storage off and deletes what was stored.
 *
 * @param deleteUnopened whether backups go too of which this session does not have all
 * @throws RequestFailure
 */
export async function turnOff(accountId: AccountId, deleteUnopened: boolean): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.turnOff({ accountId, deleteUnopened }));
}

/** Takes back that key storage was turned off. @throws RequestFailure */
export async function turnOn(accountId: AccountId): Promise<void> {
  secureBackupStateChanged(accountId, await steward.secureBackup.turnOn({ accountId }));
}
