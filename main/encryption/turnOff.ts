import { type OlderBackup, SecretName } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { BACKUP_ALGORITHM, type ServerBackup } from "./encryptionApi.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { allBackups, backupKeyHere, declareBackupUnwanted, opensBackup } from "./keyBackup.ts";
import { IDENTITY_SECRETS } from "./crossSigning.ts";
import { heldHere, removeKeys } from "./removeStorageKeys.ts";
import type { OpenBackup } from "./migrateEntries.ts";
import { findNotInSession } from "./findNotInSession.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";
import { restoreFromBackup } from "./restoreFromBackup.ts";

/**
 * Turns key storage off: says so in the account data first, so that no client begins it again in between, then deletes
 * the backups of room keys and the stored secrets. A backup that opens here is taken into this session first, and goes
 * when the session is shown to have all of it; any other stays. The identity and the sessions' verification stay, and so
 * do keys that secrets of another kind are encrypted with; secrets that nobody has opened here are put aside, and where
 * a backup stays, the copies of the key that may open it stay where they are. Can be done again wherever it was cut off.
 * Throws `bad_answer` when the server deletes a backup and has it still.
 *
 * @param ownStore gives this session's room keys
 * @param deleteUnopened whether the person gives up the backups that stay otherwise
 */
export async function turnOffKeyStorage(
  access: EncryptionContext,
  ownStore: () => Promise<OwnStore>,
  deleteUnopened: boolean,
): Promise<void> {
  const { crypto, storage } = access;
  await declareBackupUnwanted(access);
  const anyKept = await deleteBackups(access, async (backup, privateKey) => {
    return deleteUnopened || (privateKey !== null && (await isInSession(access, { ...backup, privateKey }, ownStore)));
  });
  if ((await storage.defaultKey()).kind !== "absent") await storage.removeDefaultKey();
  await removeKeys(access, {
    keep: null,
    which: "all others",
    keys: [],
    stays: await heldHere(access),
    unproven: "put_aside",
    // A backup that stays must not be left with its key in this session alone.
    secrets: anyKept ? IDENTITY_SECRETS : SecretName.options,
  });
  await crypto.checkKeyBackupAndEnable();
}

/**
 * Answers whether any backup was kept. Throws `bad_answer` when the server goes on naming one that it says it has deleted.
 *
 * @param mayGo asked of each backup, with the key of it that this session has, or null
 */
async function deleteBackups(
  access: EncryptionContext,
  mayGo: (backup: ServerBackup, privateKey: PrivateKey | null) => Promise<boolean>,
): Promise<boolean> {
  const { server } = access;
  const keyHere = await backupKeyHere(access);
  const [deleted, kept] = [new Set<string>(), new Set<string>()];
  const remaining = async (): Promise<ServerBackup[]> => (await allBackups(server)).filter(({ version }) => !kept.has(version));
  // Where versions are not numbered in order, the next one is found once the newest is gone.
  for (let found = await remaining(); found.length > 0; found = await remaining()) {
    for (const backup of found) {
      const { version } = backup;
      if (deleted.has(version)) throw fail("bad_answer", { host: server.host });
      const privateKey = opensBackup(keyHere, backup) ? keyHere : null;
      if (await mayGo(backup, privateKey)) {
        await server.deleteBackup(version);
        deleted.add(version);
      } else kept.add(version);
    }
  }
  return kept.size > 0;
}

/** Takes a backup into this session, and answers whether it is shown to have all of it then. */
async function isInSession(access: EncryptionContext, backup: OpenBackup, ownStore: () => Promise<OwnStore>): Promise<boolean> {
  await restoreFromBackup(access, backup, backup.version);
  const found = await findNotInSession(access, backup, await ownStore());
  return found !== null && found.unopened + found.missing === 0;
}

/** All backups of room keys, newest first. */
export async function describeBackups(access: EncryptionContext): Promise<OlderBackup[]> {
  const privateKey = await backupKeyHere(access);
  return (await allBackups(access.server)).map((backup) => ({
    version: backup.version,
    algorithm: backup.algorithm,
    known: backup.algorithm === BACKUP_ALGORITHM,
    keyCount: backup.keyCount,
    opensHere: opensBackup(privateKey, backup),
  }));
}

/** The backups of room keys before the newest, newest first. */
export async function describeOlderBackups(access: EncryptionContext): Promise<OlderBackup[]> {
  return (await describeBackups(access)).slice(1);
}

/** The versions of the backups that nothing here opens. */
export async function unopenedVersions(access: EncryptionContext): Promise<string[]> {
  return (await describeBackups(access)).filter(({ opensHere }) => !opensHere).map(({ version }) => version);
}
