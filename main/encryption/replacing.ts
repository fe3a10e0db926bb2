import { carryOver } from "./carryOver.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import {
  backupKeyHere,
  connectBackup,
  createBackup,
  declareBackupWanted,
  olderBackups,
  opensBackup,
} from "./keyBackup.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { removeKeys } from "./replacedKeys.ts";
import type { SetUpWork } from "./setUpWork.ts";

/**
 * Begins a new backup beside the old ones. From those that this session can open it takes the room keys first, so that
 * they come along: all of them are deleted in the end.
 */
export async function ensureNewBackup({ access, pending }: SetUpWork): Promise<void> {
  const backup = await access.server.backup();
  let version = opensBackup(pending.backupKey, backup) ? backup!.version : null;
  if (version === null) {
    await carryOver(access, await backupKeyHere(access), pending.backupKey);
    version = await createBackup(access, pending.backupKey);
  }
  await connectBackup(access, pending.backupKey, version);
  await declareBackupWanted(access);
}

/** Takes away the key that a change has replaced. */
export async function removeReplacedKey({ access, pending }: SetUpWork): Promise<void> {
  const replaced = pending.replaces?.keyId ?? null;
  if (replaced !== null) await removeKeys(access, pending.keyId, [replaced]);
}

/** Takes away every other key, and every older backup: what they hold belongs to an identity that is gone. */
export async function removeEverythingReplaced({ access, pending }: SetUpWork): Promise<void> {
  await removeKeys(access, pending.keyId, "all others");
  const backup = await access.server.backup();
  if (backup && opensBackup(pending.backupKey, backup)) await deleteOlderBackups(access, backup.version, pending);
}

async function deleteOlderBackups(access: EncryptionAccess, current: string, { replaces }: PendingSetUp): Promise<void> {
  const older = (await olderBackups(access.server, current)).map(({ version }) => version);
  const replaced = replaces?.backupVersion ?? current;
  for (const version of new Set([...older, replaced])) {
    if (version !== current) await access.server.deleteBackup(version);
  }
}
