import * as z from "zod";
import type { PrivateKey, SecurityKey } from "../../shared/secret.ts";
import { asPrivateKey } from "../roomKeys/keyPairs.ts";
import { keyThatOpens, moveToBackup } from "./migrateBackups.ts";
import type { ServerBackup } from "./encryptionApi.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { allBackups, backupKeyHere, opensBackup } from "./keyBackup.ts";
import { carryEntries, type OpenBackup } from "./migrateEntries.ts";
import { restoreFromBackup } from "./restoreFromBackup.ts";
import { parseSecurityKey } from "./securityKey.ts";
import { keyFromPhrase, readPhraseInfo } from "./securityPhrase.ts";

const FromPhrase = z.object({
  auth_data: z.object({
    private_key_salt: z.string(),
    private_key_iterations: z.unknown().optional(),
    private_key_bits: z.unknown().optional(),
  }),
});

/**
 * Opens a backup of room keys from the time before secret storage, whose private key is what the recovery key says, or
 * what a passphrase leads to by way of the backup's own `auth_data` (`private_key_salt`, `private_key_iterations`; dropped
 * from the specification since, still read by matrix-js-sdk until its version 37). The newest one is connected; from an
 * older one its room keys are taken into this session, and with them into the backup that is in use.
 *
 * @returns whether what was typed opens a backup
 */
export async function openBackupByRecoveryKey(access: EncryptionContext, typed: SecurityKey): Promise<boolean> {
  const backups = await allBackups(access.server);
  for (const backup of backups) {
    const privateKey = keyThatOpens([bareKey(typed), await keyByPassphrase(typed, backup)], backup);
    if (privateKey === null) continue;
    const opened = { version: backup.version, privateKey };
    if (backup === backups[0]) await moveToBackup(access, opened);
    else await takeOlder(access, opened, backups[0]!);
    return true;
  }
  return false;
}

/** Takes the room keys of an older backup, and puts them into the newest where this session writes to that. */
async function takeOlder(access: EncryptionContext, from: OpenBackup, newest: ServerBackup): Promise<void> {
  const here = await backupKeyHere(access);
  if (here === null || !opensBackup(here, newest)) return await restoreFromBackup(access, from, from.version);
  const into = { version: newest.version, privateKey: here };
  await carryEntries(access, from, into);
  await restoreFromBackup(access, from, into.version);
}

function bareKey(typed: SecurityKey): PrivateKey | null {
  try {
    return asPrivateKey(parseSecurityKey(typed));
  } catch {
    return null;
  }
}

async function keyByPassphrase(typed: SecurityKey, { raw }: ServerBackup): Promise<PrivateKey | null> {
  const parsed = FromPhrase.safeParse(raw).data?.auth_data;
  if (!parsed) return null;
  const read = readPhraseInfo({
    salt: parsed.private_key_salt,
    iterations: parsed.private_key_iterations,
    bits: parsed.private_key_bits,
  });
  return read.kind === "usable" ? asPrivateKey(await keyFromPhrase(typed, read.info)) : null;
}
