import { fail } from "../../shared/errors.ts";
import type { ServerBackup } from "./accountServer.ts";
import { toUnpaddedBase64 } from "./base64.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import { backupPublicKey, samePublicKey } from "./publicKeys.ts";

/** Whether a private key, base64, is the one of this backup. */
export function opensBackup(privateKey: string | null, backup: ServerBackup | null): boolean {
  return privateKey !== null && backup !== null && samePublicKey(backupPublicKey(privateKey), backup.publicKey);
}

/** The key backup's private key in this session's crypto store, base64, or null. */
export async function backupKeyHere({ crypto }: EncryptionAccess): Promise<string | null> {
  const key = await crypto.getSessionBackupPrivateKey();
  return key ? toUnpaddedBase64(key) : null;
}

/** Creates a key backup for a private key, signed by this session and by the identity. Answers its version. */
export async function createBackup({ machine, server, userId }: EncryptionAccess, privateKey: string): Promise<string> {
  const publicKey = backupPublicKey(privateKey);
  if (publicKey === null) throw new Error("The key backup's private key is not one");
  // With one field the canonical form is what JSON.stringify gives.
  const unsigned = { public_key: publicKey };
  const signed = await machine.sign(JSON.stringify(unsigned));
  const signatures = JSON.parse(signed.asJSON()) as Record<string, Record<string, string>>;
  signed.free();
  return await server.createBackup({ ...unsigned, signatures: { [userId]: signatures[userId] ?? {} } });
}

/**
 * Makes this session use a backup: keeps its private key and begins to upload room keys. Throws
 * `secure_backup_check_failed` when the session does not take it.
 */
export async function connectBackup(access: EncryptionAccess, privateKey: string, version: string): Promise<void> {
  const { crypto } = access;
  if ((await backupKeyHere(access)) !== privateKey || (await crypto.getActiveSessionBackupVersion()) !== version) {
    await crypto.storeSessionBackupPrivateKey(Buffer.from(privateKey, "base64"), version);
  }
  // The SDK asks the server and swallows what goes wrong; asking ourselves as well tells what it was.
  for (let attempt = 1; (await crypto.getActiveSessionBackupVersion()) !== version; attempt += 1) {
    if (attempt === 3) throw fail("secure_backup_check_failed", { failed: ["backup"] });
    await crypto.checkKeyBackupAndEnable();
    if ((await crypto.getActiveSessionBackupVersion()) !== version) await access.server.backup();
  }
}

/**
 * Says in the account data that key backup is wanted: `m.key_backup` (Client-Server API 1.19), and the name that
 * clients used before. Writes only what says otherwise.
 */
export async function declareBackupWanted({ server }: EncryptionAccess): Promise<void> {
  const wanted = await server.accountData("m.key_backup");
  if ((wanted as { enabled?: unknown } | null)?.enabled !== true) {
    await server.setAccountData("m.key_backup", { enabled: true });
  }
  const older = await server.accountData("m.org.matrix.custom.backup_disabled");
  if ((older as { disabled?: unknown } | null)?.disabled === true) {
    await server.setAccountData("m.org.matrix.custom.backup_disabled", { disabled: false });
  }
}
