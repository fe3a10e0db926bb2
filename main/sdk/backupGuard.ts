import type { MatrixClient } from "matrix-js-sdk";

/** What the SDK's backup manager has of a backup's private key. */
interface BackupKeys {
  decryptionKey?: { megolmV1PublicKey: { publicKeyBase64: string } } | undefined;
  free(): void;
}

/** The part of the SDK's backup manager that decides whether room keys are uploaded to a backup. */
interface BackupManager {
  isKeyBackupTrusted(info: unknown): Promise<{ trusted: boolean; matchesDecryptionKey: boolean }>;
}

interface CryptoWithBackup {
  backupManager?: Partial<BackupManager>;
  olmMachine?: { getBackupKeys?: () => Promise<BackupKeys> };
}

const ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2";
const unpadded = (key: string): string => key.replace(/=+$/, "");

/** Whether what a server says of a key backup names this public key. `info` is unchecked. */
export function namesPublicKey(info: unknown, publicKey: string): boolean {
  const { algorithm, version, auth_data: authData } = (info ?? {}) as Record<string, unknown>;
  // The crypto WASM throws at a version that is no text, where nobody hears of it.
  if (typeof version !== "string" || version === "") return false;
  const named = (authData as { public_key?: unknown } | null | undefined)?.public_key;
  return algorithm === ALGORITHM && typeof named === "string" && unpadded(named) === unpadded(publicKey);
}

/**
 * Lets the SDK upload room keys only to a backup whose private key this session holds. By itself it also takes one that
 * carries a signature of this device or of the identity, so a server could offer the description of a backup that was
 * replaced, and whose key may be known, under a new version. Every way in which the SDK connects a backup, at the start,
 * after a refused upload and after a change of the identity, asks this one question.
 *
 * The fields are private to the SDK: their shape is checked, so that an update that moves them fails at once. To be called
 * before the first request is sent.
 */
export function trustOwnBackupKeyAlone(client: MatrixClient): void {
  const { backupManager, olmMachine } = (client.getCrypto() ?? {}) as unknown as CryptoWithBackup;
  if (typeof backupManager?.isKeyBackupTrusted !== "function" || typeof olmMachine?.getBackupKeys !== "function") {
    throw new Error("The SDK's backup manager is not where it was");
  }
  backupManager.isKeyBackupTrusted = async (info) => {
    const keys = await olmMachine.getBackupKeys!();
    const publicKey = keys.decryptionKey?.megolmV1PublicKey.publicKeyBase64 ?? null;
    keys.free();
    return { trusted: false, matchesDecryptionKey: publicKey !== null && namesPublicKey(info, publicKey) };
  };
}
