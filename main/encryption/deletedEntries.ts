import type { AccountId } from "../../shared/ids.ts";
import type { SeenBackup } from "../storage/accountCache.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { ServerBackup } from "./encryptionApi.ts";
import { opensBackup } from "./keyBackup.ts";
import { roomKeyCounts } from "./roomKeyUpload.ts";
import type { SecureBackupReading } from "./secureBackupState.ts";

/** Where what was seen of the backup of each account is kept over a restart. */
export interface SeenBackups {
  get: (accountId: AccountId) => SeenBackup | null;
  /** Keeps it soon, if it can: what is lost is found out again. */
  keep: (accountId: AccountId, seen: SeenBackup) => void;
}

const NOWHERE: SeenBackups = { get: () => null, keep: () => undefined };

type Counted = Pick<ServerBackup, "version" | "keyCount" | "etag">;

/**
 * How long the entries of a backup that others go on changing are not compared again, for each of them, in milliseconds: one of a
 * thousand for ten minutes, one of a hundred thousand for most of a day.
 */
const PAUSE_PER_ENTRY_MS = 600;

/**
 * Notices that entries may have gone from key backups, as other clients can delete them (`DELETE /room_keys/keys/...`): nobody is
 * told of it, and the crypto machine takes what it has uploaded for backed up for ever.
 *
 * What the server names with the backup costs nothing: the number of entries, and an etag that changes with them (Client-Server
 * API, "GET /room_keys/version"). Both are remembered with the account, so that a deletion while the app was closed counts too.
 * With fewer entries than there must be some are gone. With as many or more, and changes that are not this session's own, another
 * client has been there: it may have added some and deleted others, and only comparing entry by entry can tell. That is a download of all
 * of them, so it is done again only after a while that grows with their number. Keys that came out of the backup meanwhile look like
 * uploads: that costs one look too many.
 */
export class DeletedEntries {
  readonly #seen = new Map<AccountId, SeenBackup>();
  readonly #kept: SeenBackups;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(kept: SeenBackups = NOWHERE, now: () => number = Date.now) {
    this.#kept = kept;
    this.#now = now;
  }

  /** Whether the connected backup has to be compared with this session, because entries may have gone from it. */
  async mayBeMissing(
    accountId: AccountId,
    access: Pick<EncryptionContext, "machine">,
    { backup, backupKey, activeVersion }: Pick<SecureBackupReading, "backup" | "backupKey" | "activeVersion">,
  ): Promise<boolean> {
    if (!backup || activeVersion !== backup.version || !opensBackup(backupKey, backup)) return false;
    const { backedUp } = await roomKeyCounts(access);
    const remembered = this.#seen.get(accountId) ?? this.#kept.get(accountId);
    const seen = remembered?.version === backup.version ? remembered : null;
    if (seen === null) {
      if (backup.keyCount < backedUp) return true;
      this.#note(accountId, backup, backedUp, null);
      return false;
    }
    const ours = Math.max(0, backedUp - seen.backedUp);
    if (backup.keyCount < seen.count + ours) return true;
    const isOurs = backup.keyCount === seen.count + ours && (ours > 0 || backup.etag === seen.etag);
    // Nothing of this session's can have gone where it has put nothing in.
    if (!isOurs && backedUp > 0) return this.#isDue(seen);
    this.#note(accountId, backup, backedUp, seen.comparedAt);
    return false;
  }

  /** Takes the entries for what they should be: they were compared, and what can be done for more was done. */
  async settle(accountId: AccountId, access: Pick<EncryptionContext, "machine">, backup: Counted): Promise<void> {
    this.#note(accountId, backup, (await roomKeyCounts(access)).backedUp, this.#now());
  }

  /** Until then, what was seen stays: the change is not forgotten. */
  #isDue({ comparedAt, count }: SeenBackup): boolean {
    if (comparedAt === null) return true;
    const passed = this.#now() - comparedAt;
    // A clock that was set back says nothing.
    return passed < 0 || passed >= count * PAUSE_PER_ENTRY_MS;
  }

  #note(accountId: AccountId, { version, keyCount: count, etag }: Counted, backedUp: number, comparedAt: number | null): void {
    const seen = { version, etag, count, backedUp, comparedAt };
    this.#seen.set(accountId, seen);
    this.#kept.keep(accountId, seen);
  }
}
