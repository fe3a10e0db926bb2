import { basename, join } from "node:path";
import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { removeOldCopies } from "../storage/damagedCopies.ts";
import type { Folders } from "../storage/folders.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import type { SystemKeychain } from "./keychain.ts";
import { KeytarKeychain } from "./keytarKeychain.ts";
import { PassphraseKeychain } from "./passphraseKeychain.ts";
import type { ScryptCost } from "./passphraseKeychain.ts";
import { phraseStrength } from "./phraseStrength.ts";
import { SecretsProtection } from "./protection.ts";
import type { SecretStore } from "./secretStore.ts";
import { Vault } from "./vaultFormat.ts";
import { renewVaultKeysText } from "./vaultKey.ts";
import { VaultSecretStore } from "./vaultStore.ts";

/** The zxcvbn score from which a passphrase may protect this computer's secrets. */
const GOOD_PASSPHRASE_SCORE = 3;

/** What the secrets room needs from the rest of main, and what tests put in its place. */
export interface OpenSecretsOptions {
  readonly folders: Folders;
  readonly onDamaged: (damaged: DamagedFile) => void;
  readonly log: Logger;
  readonly keychain?: SystemKeychain;
  readonly scryptCost?: ScryptCost;
}

/**
 * Builds the secrets room and finds out how secrets are protected here. The secrets folder must have been made.
 * @throws `data_too_new`, `file_failed`
 */
export async function openSecrets(options: OpenSecretsOptions): Promise<{ protection: SecretsProtection; store: SecretStore }> {
  const { folders, onDamaged, log, keychain = new KeytarKeychain(), scryptCost } = options;
  const vaultFolder = (accountId: AccountId): string => folders.account(accountId).vault;
  const vaults = async () =>
    (await folders.accountIds()).map((accountId) => ({
      accountId,
      protection: () => new Vault(accountId, vaultFolder(accountId)).protection(),
    }));
  const passphraseKeychain = new PassphraseKeychain({
    path: folders.passphraseFile,
    onDamaged,
    renew: renewVaultKeysText,
    ...(scryptCost === undefined ? {} : { cost: scryptCost }),
  });
  const protection: SecretsProtection = new SecretsProtection({
    path: join(folders.secrets, "protection.json"),
    keychain,
    passphraseKeychain,
    vaults,
    renewVaults: async () => {
      for (const { accountId, protection: kept } of await vaults().catch(() => [])) {
        try {
          if ((await kept()) === "passphrase") await store.renewKey(accountId);
        } catch (error) {
          log.warn("a vault keeps its key for now", { accountId, error });
        }
      }
    },
    phraseStrength: (passphrase) => phraseStrength(passphrase, [], GOOD_PASSPHRASE_SCORE),
    onDamaged,
    log,
  });
  const store = new VaultSecretStore({ protection, vaultFolder });
  await protection.start();
  /** The accounts whose vaults are not under the keychain, as far as can be told, and whose keys are not in the file. */
  const withoutKey = async (): Promise<AccountId[]> => {
    const names = await passphraseKeychain.names();
    const kept = await Promise.all((await vaults()).map(async (vault) => ({ ...vault, place: await vault.protection() })));
    return kept.flatMap(({ accountId, place }) => (place === "keychain" || names.has(accountId) ? [] : [accountId]));
  };
  const passphraseFile = basename(folders.passphraseFile);
  await removeOldCopies(folders.secrets, (file) => {
    if (file === passphraseFile) return withoutKey();
    // One that was forgotten may be all that is left of it.
    return file.startsWith(`${passphraseFile}.`) ? null : [];
  }).catch((error: unknown) => log.warn("old copies of damaged files were not removed", { error }));
  return { protection, store };
}
