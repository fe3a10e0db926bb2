import { join } from "node:path";
import * as z from "zod";
import type { AccountId } from "../../shared/ids.ts";
import { readIfThere, removeDurably, renameDurably, writeDurably } from "../storage/durableFile.ts";
import { makePrivateFolder } from "../storage/folders.ts";
import { seal, unseal } from "./aesGcm.ts";
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
const FILE_NAME = "secrets.sealed";
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

  /**
   * Where the key lies that opens it; null when there is no vault, or none that says so.
   * @throws `file_failed`
   */
  async protection(): Promise<VaultProtection | null> {
    const file = await this.load();
    return file.kind === "sealed" ? file.protection : null;
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
    const content = Buffer.from(JSON.stringify(z.encode(AccountSecrets, secrets)), "utf8");
    await makePrivateFolder(this.#folder);
    await writeDurably(this.#file, Buffer.concat([header, seal(key, content, this.#label(protection))]));
    await removeDurably(this.#begunFile);
  }

  /**
   * Moves the vault into a folder, as it is.
   * @throws `file_failed`
   */
  async moveTo(folder: string): Promise<void> {
    await makePrivateFolder(folder);
    await renameDurably(this.#file, join(folder, FILE_NAME));
  }

  /** @throws `file_failed` */
  async remove(): Promise<void> {
    await removeDurably(this.#file);
    await removeDurably(this.#begunFile);
  }

  get #file(): string {
    return join(this.#folder, FILE_NAME);
  }

  get #begunFile(): string {
    return join(this.#folder, "secrets.begun");
  }

  #label(protection: VaultProtection): string {
    return `steward vault ${VERSION} ${this.#accountId} ${protection}`;
  }
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
