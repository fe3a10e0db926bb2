import { SecretName } from "../../shared/contract/secureBackup.ts";
import { type KeptBackups } from "../../shared/contract/setUp.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import type { ServerBackup } from "./encryptionApi.ts";
import { keyThatOpens } from "./migrateBackups.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { IDENTITY_SECRETS } from "./crossSigning.ts";
import { backupKeyHere, backupsBeside, connectBackup, createBackup, declareBackupWanted, opensBackup } from "./keyBackup.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { type Removal, removeKeys, storedWith } from "./removeStorageKeys.ts";
import { carryEntries, migrateAll, type OpenBackup } from "./migrateEntries.ts";
import { restoreFromBackup } from "./restoreFromBackup.ts";
import type { SetUpContext } from "./setUpContext.ts";

/**
 * Begins a new backup beside the old ones and carries over what can be opened of them: all of those are deleted in the
 * end. This session's own key of the old ones is replaced only after that.
 */
export async function ensureNewBackup({ access, pending }: SetUpContext): Promise<void> {
  const backup = await access.server.backup();
  const privateKey = pending.backupKey;
  // From the moment it is there no other client adds anything to the old ones.
  const version = opensBackup(privateKey, backup) ? backup!.version : await createBackup(access, privateKey);
  const into = { version, privateKey };
  const carried: OpenBackup[] = [];
  for (const from of await replacedBackups(access, pending, version)) {
    if (from.privateKey !== null) carried.push({ version: from.version, privateKey: from.privateKey });
  }
  for (const from of carried) await carryEntries(access, from, into);
  await connectBackup(access, privateKey, version);
  for (const from of carried) await restoreFromBackup(access, from, version);
  await declareBackupWanted(access);
}

/** Takes away the key that a change has replaced; secrets that nobody has opened with it are put aside. */
export async function removeReplacedKey({ access, pending }: SetUpContext): Promise<void> {
  const replaced = pending.replaces?.keyId ?? null;
  if (replaced !== null) await removeKeys(access, { ...(await removalAfter(access, pending)), which: [replaced] });
}

/**
 * Takes away what belongs to an identity that is gone: every older backup that is shown to be in the new one, entry by
 * entry, or that the person gave up, and every other key. Secrets that nobody has opened are put aside, and where a
 * backup stays, the copies of the key that may open it stay where they are.
 */
export async function removeEverythingReplaced({ access, pending, onKept }: SetUpContext): Promise<void> {
  const backup = await access.server.backup();
  const isNew = backup && opensBackup(pending.backupKey, backup);
  const kept = isNew ? await deleteReplacedBackups(access, pending, backup.version) : null;
  onKept(kept);
  await removeKeys(access, {
    ...(await removalAfter(access, pending)),
    which: "all others",
    identityReplaced: true,
    secrets: isNew && !kept ? SecretName.options : IDENTITY_SECRETS,
  });
}

async function removalAfter(access: EncryptionContext, pending: PendingSetUp): Promise<Omit<Removal, "which">> {
  const stays = await storedWith(access, pending.keyId, pending.key);
  return { keep: pending.keyId, keys: [pending.key], stays, unproven: "put_aside" };
}

/** A backup that a reset replaces, with the key that opens it; null when nothing here does. */
interface ReplacedBackup extends Pick<ServerBackup, "version" | "keyCount"> {
  privateKey: PrivateKey | null;
}

async function replacedBackups(
  access: EncryptionContext,
  { backupKey, formerBackupKeys, replaces }: PendingSetUp,
  current: string,
): Promise<ReplacedBackup[]> {
  const keys = [...formerBackupKeys, await backupKeyHere(access), backupKey];
  const beside = await backupsBeside(access.server, current, replaces?.backupVersion ?? null);
  return beside.map((backup) => ({
    version: backup.version,
    keyCount: backup.keyCount,
    privateKey: keyThatOpens(keys, backup),
  }));
}

/** Answers what was kept; null when nothing was. */
async function deleteReplacedBackups(access: EncryptionContext, pending: PendingSetUp, current: string): Promise<KeptBackups | null> {
  const kept = { backups: 0, roomKeys: 0 };
  for (const { version, privateKey, keyCount } of await replacedBackups(access, pending, current)) {
    const left =
      privateKey === null
        ? pending.discards.includes(version)
          ? 0
          : null
        : await leftBehind(access, { version, privateKey }, { version: current, privateKey: pending.backupKey });
    if (left === 0) await access.server.deleteBackup(version);
    else {
      kept.backups += 1;
      kept.roomKeys += left ?? keyCount;
    }
  }
  return kept.backups > 0 ? kept : null;
}

/** How many entries of a backup are not shown to be in another; null when it cannot be looked at. */
async function leftBehind(access: EncryptionContext, from: OpenBackup, into: OpenBackup): Promise<number | null> {
  // Since they were carried over, this session or another client may have put copies in their place that open less.
  const found = await migrateAll(access, from, into);
  return found && found.unopened + found.missing;
}
