import { join } from "node:path";
import type { AccountId } from "../../shared/ids.ts";
import { readIfThere, removeDurably, writeDurably } from "../storage/durableFile.ts";
import { makePrivateFolder } from "../storage/folders.ts";
import { seal, unseal } from "./sealing.ts";
import { AccountSecrets } from "./secretStore.ts";

/** Where the key lies that opens a vault. */
export type VaultProtection = "keychain" | "passphrase";

/** What lies in the place of an account's vault. */
export type VaultFile =
  | { kind: "sealed"; protection: VaultProtection; sealed: Buffer }
  | { kind: "absent" }
  /** There is none yet: it was begun, and no secret has been written. */
  | { kind: "begun" }
  | { kind: "damaged" }
  | { kind: "too_new" };

const MAGIC = Buffer.from("STWVAULT", "latin1");
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 2;
const PROTECTION_CODES: Readonly<Record<VaultProtection, number>> = { keychain: 1, passphrase: 2 };

/**
 * The sealed file of one account: a header (8 bytes of name, format version, where the key lies), then the secrets as
 * JSON, sealed under the account's own key. Account, version and place of the key are part of what is authenticated.
 */
export class Vault {
  readonly #accountId: AccountId;
  readonly #folder: string;

  constructor(accountId: AccountId, folder: string) {
    this.#accountId = accountId;
    this.#folder = folder;
  }

  /** @throws `file_failed` */
  async load(): Promise<VaultFile> {
    const bytes = await readIfThere(this.#file);
    if (bytes !== null) return parse(bytes);
    return (await readIfThere(this.#begunFile)) === null ? { kind: "absent" } : { kind: "begun" };
  }

  /** The secrets in a sealed vault, or null when it is damaged or `key` is not its key. */
  open(file: Extract<VaultFile, { kind: "sealed" }>, key: Uint8Array): AccountSecrets | null {
    const content = unseal(key, file.sealed, this.#label(file.protection));
    if (content === null) return null;
    try {
      return AccountSecrets.safeParse(JSON.parse(content.toString("utf8"))).data ?? null;
    } catch {
      return null;
    }
  }

  /**
   * Leaves a mark that a vault is about to be made here, before its key is kept anywhere: a key without a vault then
   * means an interrupted beginning, and without the mark a lost vault.
   * @throws `file_failed`
   */
  async begin(): Promise<void> {
    await makePrivateFolder(this.#folder);
    await writeDurably(this.#begunFile, "");
  }

  /**
   * Replaces the vault in one step.
   * @throws `file_failed`
   */
  async write(secrets: AccountSecrets, key: Uint8Array, protection: VaultProtection): Promise<void> {
    const header = Buffer.concat([MAGIC, Buffer.from([VERSION, PROTECTION_CODES[protection]])]);
    const content = Buffer.from(JSON.stringify(AccountSecrets.parse(secrets)), "utf8");
    await makePrivateFolder(this.#folder);
    await writeDurably(this.#file, Buffer.concat([header, seal(key, content, this.#label(protection))]));
    await removeDurably(this.#begunFile);
  }

  /** @throws `file_failed` */
  async remove(): Promise<void> {
    await removeDurably(this.#file);
    await removeDurably(this.#begunFile);
  }

  get #file(): string {
    return join(this.#folder, "secrets.sealed");
  }

  get #begunFile(): string {
    return join(this.#folder, "secrets.begun");
  }

  #label(protection: VaultProtection): string {
    return `steward vault ${VERSION} ${this.#accountId} ${protection}`;
  }
}

/**
 * Whether any of these folders holds a vault whose key lies in the system's keychain.
 * @throws `file_failed`
 */
export async function anyVaultInKeychain(vaults: readonly Vault[]): Promise<boolean> {
  for (const vault of vaults) {
    const file = await vault.load();
    if (file.kind === "sealed" && file.protection === "keychain") return true;
  }
  return false;
}

function parse(bytes: Buffer): VaultFile {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return { kind: "damaged" };
  const version = bytes[MAGIC.length] ?? 0;
  if (version > VERSION) return { kind: "too_new" };
  const code = bytes[MAGIC.length + 1];
  const protection = (["keychain", "passphrase"] as const).find((name) => PROTECTION_CODES[name] === code);
  if (version !== VERSION || protection === undefined) return { kind: "damaged" };
  return { kind: "sealed", protection, sealed: bytes.subarray(HEADER_BYTES) };
}
