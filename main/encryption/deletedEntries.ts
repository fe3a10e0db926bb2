import type { AccountId } from "../../shared/ids.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { ServerBackup } from "./encryptionApi.ts";
import { opensBackup } from "./keyBackup.ts";
import { roomKeyCounts } from "./roomKeyUpload.ts";
import type { SecureBackupReading } from "./secureBackupState.ts";

type Counted = Pick<ServerBackup, "version" | "keyCount">;

/**
 * Notices that entries have gone from key backups, as other clients can delete them (`DELETE /room_keys/keys/...`): nobody
 * is told of it, and the crypto machine takes what it has uploaded for backed up for ever. Goes by the number of entries
 * that the server names with the backup, which proves nothing but costs nothing either. There must be as many as this
 * session has uploaded or taken out, and as many as when it was last looked plus those that it has uploaded since; the
 * latter is known while the app runs. Keys that came out of the backup meanwhile look like uploads: that costs one look
 * too many.
 */
export class DeletedEntries {
  readonly #seen = new Map<AccountId, { version: string; count: number; backedUp: number }>();

  /** Whether the connected backup has fewer entries than it must have. */
  async areMissing(
    accountId: AccountId,
    access: Pick<EncryptionContext, "machine">,
    { backup, backupKey, activeVersion }: Pick<SecureBackupReading, "backup" | "backupKey" | "activeVersion">,
  ): Promise<boolean> {
    if (!backup || activeVersion !== backup.version || !opensBackup(backupKey, backup)) return false;
    const { backedUp } = await roomKeyCounts(access);
    const seen = this.#seen.get(accountId);
    const since = seen?.version === backup.version ? seen.count + Math.max(0, backedUp - seen.backedUp) : backedUp;
    if (backup.keyCount < since) return true;
    this.#note(accountId, backup, backedUp);
    return false;
  }

  /** Takes the number of entries for what it should be: what can be done for more was done. */
  async settle(accountId: AccountId, access: Pick<EncryptionContext, "machine">, backup: Counted): Promise<void> {
    this.#note(accountId, backup, (await roomKeyCounts(access)).backedUp);
  }

  #note(accountId: AccountId, { version, keyCount: count }: Counted, backedUp: number): void {
    this.#seen.set(accountId, { version, count, backedUp });
  }
}
