import { basename, join } from "node:path";
import type { AccountId } from "../../shared/ids.ts";
import type { SecretRead, SecretStore } from "../secrets/secretStore.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import { isThere, renameDurably } from "../storage/durableFile.ts";
import { makePrivateFolder } from "../storage/folders.ts";
import { initialSecrets, type SignedInTokens } from "./initialSecrets.ts";
import { type CryptoFolders, placeAside } from "./deviceMigration.ts";
import type { SignedIn } from "./signIn.ts";

/** Whether an account's secrets are gone from this computer, or sealed with a passphrase that was forgotten. */
export function isBeyondOpening(read: SecretRead): boolean {
  return read.kind === "absent" || (read.kind === "unreadable" && read.reason === "passphrase_forgotten");
}

/**
 * Gives an account whose secrets are beyond opening a session of its own again. What the one before kept is moved aside
 * within the account's folder, as it is, and nothing reads it again; it goes when the account is signed out.
 *
 * Wherever this is cut short, the account has no secrets and can sign in again, or has those of its new device and no
 * crypto store yet: never new secrets beside an old crypto store.
 *
 * @throws as `SecretStore.setAside` and `SecretStore.write` do, and `file_failed`
 */
export async function replaceSession(
  parts: { secretStore: SecretStore; index: AccountIndex; folders: CryptoFolders },
  accountId: AccountId,
  signedIn: Pick<SignedIn, "deviceId" | keyof SignedInTokens>,
): Promise<void> {
  const { secretStore, index, folders } = parts;
  const aside = placeAside(folders.setAside);
  await secretStore.setAside(accountId, aside);
  for (const folder of [folders.crypto, folders.nextCrypto]) {
    if (!(await isThere(folder))) continue;
    await makePrivateFolder(aside);
    await renameDurably(folder, join(aside, basename(folder)));
  }
  await index.update(accountId, (entry) => ({ ...entry, deviceId: signedIn.deviceId, hasRun: false, health: null }));
  await secretStore.write(accountId, initialSecrets(signedIn));
}
