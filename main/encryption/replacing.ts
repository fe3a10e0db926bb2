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
 * Begins a new backup beside the old one. When this session can open the old one, it takes the room keys out of it
 * first, so that they come along.
 */
export async function ensureNewBackup({ access, pending }: SetUpWork): Promise<void> {
  const { crypto, server } = access;
  const backup = await server.backup();
  let version = opensBackup(pending.backupKey, backup) ? backup!.version : null;
  if (version === null) {
    if (opensBackup(await backupKeyHere(access), backup)) await crypto.restoreKeyBackup();
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
