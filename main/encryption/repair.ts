import { SecretName } from "../../shared/contract/secureBackup.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import type { PrivateKey, SecurityKey } from "../../shared/secret.ts";
import { migrateBackups } from "./migrateBackups.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { belongsTo, IDENTITY_SECRETS, identityKeysHere } from "./crossSigning.ts";
import { backupKeyHere, createBackup, isSignedByTrusted, olderBackups, opensBackup, signBackup } from "./keyBackup.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { backupPublicKey, newPrivateKey } from "../roomKeys/keyPairs.ts";
import { removeKeys, storedWith } from "./removeStorageKeys.ts";
import type { OpenBackup } from "./migrateEntries.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";
import { uploadRoomKeys } from "./roomKeyUpload.ts";
import { newKeyCheck } from "./secretCipher.ts";
import { check, ensureKeyBackup, ensureSecretStorage } from "./setUpSteps.ts";
import { type FoundKey, openStorage, takeSecrets } from "./unlock.ts";

/** What a person has agreed to beyond the repair itself. */
export interface RepairChoices {
  /** A new backup of room keys where nothing here opens the one on the server. */
  newBackup: boolean;
  /** The key that was typed becomes the default one, although it was not. */
  makeDefault: boolean;
}

/**
 * Mends everything in a Secure Backup that its Security Key or Phrase and this session together can mend: takes the
 * secrets that this session lacks, stores those that storage lacks, describes the key so that it can be checked,
 * connects the backup, carries over what only a key opens that is replaced, reads everything back, and then takes away
 * other keys whose secrets were decrypted and are the same; what nobody has opened stays. What is right stays as it is, so
 * it can be done again at any time.
 *
 * @throws as `openStorage` does; `other_key_opens` when the key is not the default one, which opens secrets as well, and
 * `makeDefault` is not given; `session_not_verified` when a private key of the identity is neither here nor in storage;
 * `new_backup_needed` when nothing opens the backup on the server and `newBackup` is not given;
 * `secure_backup_check_failed`
 *
 * @param ownStore gives this session's room keys
 */
export async function repairStorage(
  access: EncryptionContext,
  keyOrPhrase: SecurityKey,
  { newBackup, makeDefault }: RepairChoices,
  ownStore: () => Promise<OwnStore>,
): Promise<FoundKey> {
  const opened = await openStorage(access, keyOrPhrase);
  if (!opened.isDefault && !makeDefault && (await isDefaultInUse(access))) {
    throw fail("other_key_opens", { name: (opened.name ?? "").slice(0, 300) });
  }
  try {
    await takeSecrets(access, opened);
  } catch (thrown) {
    // What is stored and does not fit is what is about to be stored anew.
    if (!isFailure(thrown, "secure_backup_check_failed")) throw thrown;
  }
  const identity = await access.server.queryOwnKeys(access.machine);
  const here = await identityKeysHere(access);
  if (!IDENTITY_SECRETS.every((name) => belongsTo(name, here[name], identity))) throw fail("session_not_verified");

  const pending = await whatShallBe(access, opened, newBackup);
  // One key is stored in the end and used here: what another opens comes along, or nobody could read it any more.
  const stored = await access.storage.open("m.megolm_backup.v1", opened.keyId, opened.key);
  const leaving = [stored, await backupKeyHere(access)];
  await migrateBackups(access, leaving, pending.backupKey, () => backupOf(access, pending.backupKey));
  const work = { access, pending };
  await ensureSecretStorage(work);
  await ensureKeyBackup(work);
  await repairSignature(access);
  await uploadRoomKeys(access, ownStore);
  await check(work);
  await removeKeys(access, {
    keep: opened.keyId,
    which: "all others",
    keys: [opened.key],
    stays: await storedWith(access, opened.keyId, opened.key),
    unproven: "leave",
  });
  return opened;
}

/** Whether the default key is one that a client can use: described, and with a secret encrypted with it. */
async function isDefaultInUse({ storage }: EncryptionContext): Promise<boolean> {
  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind !== "found" || !(await storage.describe(defaultKey.keyId))) return false;
  const stored = await Promise.all(SecretName.options.map((name) => storage.read(name)));
  return stored.some((secret) => secret.hasCopies([defaultKey.keyId]));
}

/**
 * The newest backup, or a new one where this key does not open that. It comes to be before its key is made sure of: where
 * another key leaves something to it, it is the one that is stored already.
 */
async function backupOf(access: EncryptionContext, privateKey: PrivateKey): Promise<OpenBackup> {
  const newest = await access.server.backup();
  const version = opensBackup(privateKey, newest) ? newest!.version : await createBackup(access, privateKey);
  return { version, privateKey };
}

/** The state that is to be reached, in the terms of a set-up: with the key there is. */
async function whatShallBe(access: EncryptionContext, { keyId, key, isDefault }: FoundKey, newBackup: boolean): Promise<PendingSetUp> {
  const { server, storage } = access;
  const defaultKey = await storage.defaultKey();
  const [backup, here, stored, description] = await Promise.all([
    server.backup(),
    backupKeyHere(access),
    storage.open("m.megolm_backup.v1", keyId, key),
    storage.describe(keyId),
  ]);
  const opening = [here, stored].find((privateKey) => opensBackup(privateKey, backup));
  if (backup && opening === undefined && !newBackup) throw fail("new_backup_needed");
  // What opened the backups before serves for the next one: it would be lost with what it opens if another took its
  // place. And where the backup was deleted, whoever has it need not be told another.
  const usable = [stored, here].filter(
    (privateKey): privateKey is PrivateKey => privateKey !== null && backupPublicKey(privateKey) !== null,
  );
  const older = backup && opening === undefined ? await olderBackups(server, backup.version) : [];
  const reusable = usable.find((privateKey) => older.some((one) => opensBackup(privateKey, one))) ?? usable[0];
  return {
    version: 1,
    kind: "set_up",
    method: description?.passphrase ? "phrase" : "key",
    keyId,
    key,
    description: { ...description, algorithm: "m.secret_storage.v1.aes-hmac-sha2", ...(await newKeyCheck(key)) },
    backupKey: opening ?? reusable ?? newPrivateKey(),
    identity: null,
    replaces: isDefault || defaultKey.kind !== "found" ? null : { keyId: defaultKey.keyId, master: null, backupVersion: null },
    formerBackupKeys: usable,
    discards: [],
    keepKey: false,
    confirmedAt: null,
    done: [],
  };
}

/** Signs the backup anew when nobody has signed it whom this session trusts, but its private key is here. */
export async function repairSignature(access: EncryptionContext): Promise<void> {
  const [backup, privateKey] = [await access.server.backup(), await backupKeyHere(access)];
  if (!backup || privateKey === null || !opensBackup(privateKey, backup)) return;
  if (await isSignedByTrusted(access, backup)) return;
  await signBackup(access, privateKey, backup);
  const signed = await access.server.backup();
  if (!signed || !(await isSignedByTrusted(access, signed))) {
    throw fail("secure_backup_check_failed", { failed: ["backup_signature"] });
  }
}
