import { type AppError, type AppErrorKind, AppFailure, fail } from "../../shared/errors.ts";
import { type PrivateKey, Secret } from "../../shared/secret.ts";
import { toServerFailure } from "../http/serverErrors.ts";
import { accountDataOf, type EncryptionApi, type ServerBackup } from "./encryptionApi.ts";
import { toUnpaddedBase64 } from "../roomKeys/base64.ts";
import { canonicalJson } from "./canonicalJson.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { backupPublicKey, privateKeyBytes, samePublicKey } from "../roomKeys/keyPairs.ts";

/** Whether a private key is the one of this backup. */
export function opensBackup(privateKey: PrivateKey | null, backup: ServerBackup | null): boolean {
  return privateKey !== null && backup !== null && samePublicKey(backupPublicKey(privateKey), backup.publicKey);
}

/** What an answer says that is one, but not of use. Anything else stands for the whole server, or for this session. */
const USELESS_ANSWERS: readonly AppErrorKind[] = [
  "bad_answer",
  "server",
  "gateway_error",
  "not_found",
  "forbidden",
  "too_large",
  "rate_limited",
];

/**
 * The newest backup, or why what the server says of it is of no use: one answer that fails does not keep the others from
 * being seen.
 */
export async function newestBackup(server: EncryptionApi): Promise<{ backup: ServerBackup | null; problem: AppError | null }> {
  try {
    return { backup: await server.backup(), problem: null };
  } catch (thrown) {
    const failure = toServerFailure(thrown, server.host);
    if (!(failure instanceof AppFailure) || !USELESS_ANSWERS.includes(failure.error.kind)) throw thrown;
    return { backup: null, problem: failure.error };
  }
}

/** As far back as this is looked for older backups: they can only be asked for one by one. */
export const MAX_OLDER_BACKUPS = 20;

/**
 * The backups before the newest that are still on the server, newest first. The protocol lists none but the newest; they
 * are found where versions are numbered in order, as on all servers known to have several.
 */
export async function olderBackups(server: EncryptionApi, newest: string): Promise<ServerBackup[]> {
  if (!/^[1-9]\d{0,14}$/.test(newest)) return [];
  const found: ServerBackup[] = [];
  const oldest = Math.max(1, Number(newest) - MAX_OLDER_BACKUPS);
  for (let version = Number(newest) - 1; version >= oldest; version -= 1) {
    const backup = await server.backup(String(version));
    if (backup) found.push(backup);
  }
  return found;
}

/** Every backup on the server, newest first, as far as they can be found. */
export async function allBackups(server: EncryptionApi): Promise<ServerBackup[]> {
  const newest = await server.backup();
  return newest ? [newest, ...(await olderBackups(server, newest.version))] : [];
}

/** Every backup beside one, newest first. @param known a version that is looked for wherever it is */
export async function backupsBeside(server: EncryptionApi, version: string, known: string | null): Promise<ServerBackup[]> {
  const found = await allBackups(server);
  if (known !== null && !found.some((backup) => backup.version === known)) {
    const backup = await server.backup(known);
    if (backup) found.push(backup);
  }
  return found.filter((backup) => backup.version !== version);
}

/** The key backup's private key in this session's crypto store, or null. */
export async function backupKeyHere({ crypto }: EncryptionContext): Promise<PrivateKey | null> {
  const key = await crypto.getSessionBackupPrivateKey();
  return key ? new Secret("private key", toUnpaddedBase64(key)) : null;
}

/**
 * What a key backup says of itself: its public key, signed by the identity alone. A device outlives a reset and with it
 * its signatures: clients that trust those would take this backup again when a server offers it later.
 *
 * Throws `session_not_verified` when this session does not have the identity's master key.
 *
 * @param existing what stands there already and stays
 */
async function signedAuthData(
  { machine, userId, deviceId }: EncryptionContext,
  privateKey: PrivateKey,
  existing: Record<string, unknown> = {},
): Promise<{ public_key: string; signatures: object }> {
  const publicKey = backupPublicKey(privateKey);
  if (publicKey === null) throw new Error("The key backup's private key is not one");
  const { signatures: before, unsigned, ...fields } = existing;
  const content = { ...fields, public_key: publicKey };
  const signed = await machine.sign(canonicalJson(content));
  const signatures = JSON.parse(signed.asJSON()) as Record<string, Record<string, string>>;
  signed.free();
  const { [`ed25519:${deviceId}`]: _byDevice, ...byIdentity } = signatures[userId] ?? {};
  if (Object.keys(byIdentity).length === 0) throw fail("session_not_verified");
  const others = isObject(before) ? before : {};
  const ours = isObject(others[userId]) ? others[userId] : {};
  return {
    ...content,
    ...(unsigned === undefined ? {} : { unsigned }),
    signatures: { ...others, [userId]: { ...ours, ...byIdentity } },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Creates a key backup for a private key, signed by the identity. Answers its version. Throws as `signBackup` does. */
export async function createBackup(access: EncryptionContext, privateKey: PrivateKey): Promise<string> {
  return await access.server.createBackup(await signedAuthData(access, privateKey));
}

/**
 * Signs an existing key backup anew, by a session that has shown with its private key that the backup is its own. What
 * else stands in its `auth_data` stays, and is signed too. Throws `session_not_verified` when this session does not have
 * the identity's master key.
 */
export async function signBackup(access: EncryptionContext, privateKey: PrivateKey, backup: ServerBackup): Promise<void> {
  const { auth_data: existing } = backup.raw as { auth_data?: unknown };
  const authData = await signedAuthData(access, privateKey, isObject(existing) ? existing : {});
  await access.server.updateBackup(backup.version, authData);
}

/**
 * Whether a key backup carries a signature that this session trusts. It tells other clients something; what this session
 * uploads to is decided by the private key alone.
 */
export async function isSignedByTrusted({ machine }: EncryptionContext, { raw }: ServerBackup): Promise<boolean> {
  try {
    const verification = await machine.verifyBackup(raw);
    const trusted = verification.trusted();
    verification.free();
    return trusted;
  } catch {
    // The crypto machine refuses to read signatures that are not shaped as such: they are nobody's.
    return false;
  }
}

/** The version that this session's private key of a key backup was kept for. */
async function versionHere({ machine }: EncryptionContext): Promise<string | null> {
  const keys = await machine.getBackupKeys();
  const version = keys.backupVersion ?? null;
  keys.free();
  return version;
}

/**
 * The version that this session uploads its room keys to; null when there is none. Nor is it one that began while the app
 * was closed and that was not connected since: the session takes room keys to be in it that are in the one before.
 */
export async function connectedVersion(access: EncryptionContext): Promise<string | null> {
  const active = await access.crypto.getActiveSessionBackupVersion();
  const kept = await versionHere(access);
  return kept === null || kept === active ? active : null;
}

/**
 * Makes this session use a backup: keeps its private key and begins to upload room keys. Throws
 * `secure_backup_check_failed` when the session does not take it.
 */
export async function connectBackup(access: EncryptionContext, privateKey: PrivateKey, version: string): Promise<void> {
  const { crypto, machine } = access;
  const isOther = (await versionHere(access)) !== version;
  // The machine notes of a room key that it is in the backup, not in which. The SDK clears that when the version changes
  // under its eyes, but not when it did while the app was closed: the keys would never come into the new backup. Cleared
  // before the version is kept, so that what is cut off here clears it again.
  if (isOther) await machine.disableBackup();
  if (isOther || !privateKey.equals(await backupKeyHere(access)) || (await crypto.getActiveSessionBackupVersion()) !== version) {
    await crypto.storeSessionBackupPrivateKey(privateKeyBytes(privateKey), version);
  }
  // The SDK asks the server and swallows what goes wrong; asking ourselves as well tells what it was.
  for (let attempt = 1; (await crypto.getActiveSessionBackupVersion()) !== version; attempt += 1) {
    if (attempt === 3) throw fail("secure_backup_check_failed", { failed: ["backup"] });
    await crypto.checkKeyBackupAndEnable();
    if ((await crypto.getActiveSessionBackupVersion()) !== version) await access.server.backup();
  }
}

/** `m.key_backup` (Client-Server API 1.19), and the name that clients used before, which says the opposite. */
export const WANTED = "m.key_backup";
export const NOT_WANTED_BEFORE = "m.org.matrix.custom.backup_disabled";

const wantedIn = (content: unknown): unknown => (content as { enabled?: unknown } | null)?.enabled;
const disabledIn = (content: unknown): unknown => (content as { disabled?: unknown } | null)?.disabled;

/** Whether the account data say that no key backup is wanted. The name of the spec counts where there is one. */
export function isTurnedOff(accountData: ReadonlyMap<string, unknown>): boolean {
  const wanted = wantedIn(accountDataOf(accountData, WANTED));
  return typeof wanted === "boolean" ? !wanted : disabledIn(accountDataOf(accountData, NOT_WANTED_BEFORE)) === true;
}

/** Says in the account data that key backup is wanted, under both names. Writes only what says otherwise. */
export async function declareBackupWanted({ server }: EncryptionContext): Promise<void> {
  if (wantedIn(await server.accountData(WANTED)) !== true) await server.setAccountData(WANTED, { enabled: true });
  if (disabledIn(await server.accountData(NOT_WANTED_BEFORE)) === true) {
    await server.setAccountData(NOT_WANTED_BEFORE, { disabled: false });
  }
}

/** Says in the account data that no key backup is wanted, under both names. */
export async function declareBackupUnwanted({ server }: EncryptionContext): Promise<void> {
  if (wantedIn(await server.accountData(WANTED)) !== false) await server.setAccountData(WANTED, { enabled: false });
  if (disabledIn(await server.accountData(NOT_WANTED_BEFORE)) !== true) {
    await server.setAccountData(NOT_WANTED_BEFORE, { disabled: true });
  }
}
