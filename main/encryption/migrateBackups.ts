import type { PrivateKey } from "../../shared/secret.ts";
import type { ServerBackup } from "./encryptionApi.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { allBackups, backupKeyHere, connectBackup, opensBackup } from "./keyBackup.ts";
import { carryEntries, type OpenBackup } from "./migrateEntries.ts";
import { restoreFromBackup } from "./restoreFromBackup.ts";

/** The first of these private keys that is the one of this backup; null when none is. */
export function keyThatOpens(keys: readonly (PrivateKey | null)[], backup: ServerBackup): PrivateKey | null {
  return keys.find((privateKey) => opensBackup(privateKey, backup)) ?? null;
}

/**
 * Carries what private keys open into another backup before they are replaced by the key of that one. What that key
 * opens itself stays where it is. Whether there is anything in a backup its entries say, not the number that the server
 * names.
 *
 * @param leaving the keys that are about to be replaced
 * @param staying the key that takes their place
 * @param into gives the backup that entries go to, the newest one; asked only when there are any to be looked at
 * @returns the backups that were carried over
 */
export async function migrateBackups(
  access: EncryptionContext,
  leaving: readonly (PrivateKey | null)[],
  staying: PrivateKey,
  into: () => Promise<OpenBackup>,
): Promise<OpenBackup[]> {
  const carried: OpenBackup[] = [];
  const keys = leaving.filter((key) => key !== null && !key.equals(staying));
  if (keys.length === 0) return carried;
  let target: OpenBackup | null = null;
  for (const backup of await allBackups(access.server)) {
    const privateKey = opensBackup(staying, backup) ? null : keyThatOpens(keys, backup);
    if (privateKey === null) continue;
    target ??= await into();
    const from = { version: backup.version, privateKey };
    await carryEntries(access, from, target);
    carried.push(from);
  }
  return carried;
}

/**
 * Makes this session use a backup, and takes along what only the key opens that this session had before: into the backup
 * entry by entry, and into the session as far as that takes it.
 *
 * @param former private keys besides that are about to be forgotten
 */
export async function moveToBackup(access: EncryptionContext, into: OpenBackup, former: readonly PrivateKey[] = []): Promise<void> {
  const leaving = [...former, await backupKeyHere(access)];
  const carried = await migrateBackups(access, leaving, into.privateKey, () => Promise.resolve(into));
  await connectBackup(access, into.privateKey, into.version);
  for (const from of carried) {
    await restoreFromBackup(access, from, into.version);
    // Once connected, the session uploads what it has itself. Servers let a copy that opens less take the place of one
    // that opens more where it was forwarded fewer times; from here on the session has none that opens less.
    await carryEntries(access, from, into);
  }
}
