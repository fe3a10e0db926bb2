import { createHash, randomBytes, scrypt } from "node:crypto";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import { JsonFile } from "../storage/jsonFile.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import type { Keychain, KeychainDone, KeychainGet } from "./keychain.ts";
import { KEY_BYTES, newKey, seal, unseal } from "./sealing.ts";

/** What turning the passphrase into a key costs (RFC 7914): memory is 128 * N * r bytes. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** About half a second and 128 MiB on an ordinary computer of 2020. */
const DEFAULT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };
const SALT_BYTES = 32;
const MASTER_LABEL = "steward passphrase 1 master";

const sealed = z.base64().max(4096);
const Content = z.object({
  // Bounded, so that a file put there by somebody cannot take all memory.
  N: z.number().int().min(2).max(2 ** 20),
  r: z.number().int().min(1).max(32),
  p: z.number().int().min(1).max(16),
  salt: z.base64().max(256),
  /** The master key, sealed under the key that the passphrase leads to. */
  master: sealed,
  /** Each entry sealed under the master key. */
  entries: z.record(z.string().max(200), sealed),
});
type Content = z.infer<typeof Content>;

/** The checksum tells a file that went bad from a wrong passphrase, and lets the copy beside it be used. */
const Data = z
  .object({ content: Content, checksum: z.string() })
  .refine(({ content, checksum }) => checksum === checksumOf(content));
type Data = z.infer<typeof Data>;

/** Where the file lies, and what tests set lower. */
export interface PassphraseKeychainOptions {
  readonly path: string;
  readonly onDamaged: (damaged: DamagedFile) => void;
  readonly cost?: ScryptCost;
}

/**
 * A keychain for computers without one: a file whose entries are sealed under a random master key, and that key under
 * the person's passphrase. Locked until `unlock` or `create`.
 */
export class PassphraseKeychain implements Keychain {
  readonly #file: JsonFile<Data>;
  readonly #cost: ScryptCost;
  #master: Buffer | null = null;

  constructor({ path, onDamaged, cost = DEFAULT_COST }: PassphraseKeychainOptions) {
    this.#file = new JsonFile({ path, schema: Data, version: 1, onDamaged });
    this.#cost = cost;
  }

  get locked(): boolean {
    return this.#master === null;
  }

  /** @throws `data_too_new`, `file_failed` */
  async exists(): Promise<boolean> {
    return (await this.#file.read()) !== null;
  }

  /**
   * Makes the file, or when it is there and unlocked, puts it under another passphrase.
   * @throws `secrets_locked` when there is one that was not unlocked; `data_too_new`, `file_failed`
   */
  async choose(passphrase: string): Promise<void> {
    const master = this.#master ?? newKey();
    const salt = randomBytes(SALT_BYTES);
    const key = await deriveKey(passphrase, salt, this.#cost);
    const change = (data: Data | null): Data => {
      if (data !== null && this.#master === null) throw fail("secrets_locked");
      return withChecksum({
        ...this.#cost,
        salt: salt.toString("base64"),
        master: seal(key, master, MASTER_LABEL).toString("base64"),
        entries: data?.content.entries ?? {},
      });
    };
    await this.#file.update(change);
    this.#master = master;
    // The copy beside the file still opens with the passphrase before; a second write, sealed anew, replaces it.
    await this.#file.update(change);
  }

  /**
   * @throws `wrong_passphrase`; `secret_unreadable` when the file is lost; `data_too_new`, `file_failed`
   */
  async unlock(passphrase: string): Promise<void> {
    const data = await this.#file.read();
    if (data === null) throw fail("secret_unreadable");
    const { salt, master } = data.content;
    const key = await deriveKey(passphrase, Buffer.from(salt, "base64"), data.content);
    const opened = unseal(key, Buffer.from(master, "base64"), MASTER_LABEL);
    if (opened === null || opened.length !== KEY_BYTES) throw fail("wrong_passphrase");
    this.#master = opened;
  }

  async get(name: string): Promise<KeychainGet> {
    const master = this.#master;
    if (master === null) return { kind: "failed", problem: "locked" };
    const entry = (await this.#file.read())?.content.entries[name];
    if (entry === undefined) return { kind: "absent" };
    const value = unseal(master, Buffer.from(entry, "base64"), entryLabel(name));
    // Cannot be told from an entry of somebody else's; whoever reads it sees that it is not ours.
    return { kind: "found", value: value?.toString("utf8") ?? "" };
  }

  async set(name: string, value: string): Promise<KeychainDone> {
    const master = this.#master;
    if (master === null) return { kind: "failed", problem: "locked" };
    const entry = seal(master, Buffer.from(value, "utf8"), entryLabel(name)).toString("base64");
    await this.#changeEntries((entries) => ({ ...entries, [name]: entry }));
    return { kind: "done" };
  }

  async remove(name: string): Promise<KeychainDone> {
    if (this.#master === null) return { kind: "failed", problem: "locked" };
    await this.#changeEntries((entries) => Object.fromEntries(Object.entries(entries).filter(([key]) => key !== name)));
    return { kind: "done" };
  }

  async #changeEntries(change: (entries: Content["entries"]) => Content["entries"]): Promise<void> {
    await this.#file.update((data) => {
      if (data === null) throw fail("secret_unreadable");
      return withChecksum({ ...data.content, entries: change(data.content.entries) });
    });
  }
}

function entryLabel(name: string): string {
  return `steward passphrase 1 entry ${name}`;
}

function withChecksum(content: Content): Data {
  return { content, checksum: checksumOf(content) };
}

function checksumOf({ N, r, p, salt, master, entries }: Content): string {
  const sorted = Object.entries(entries).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([N, r, p, salt, master, sorted]))
    .digest("hex");
}

/** The same passphrase typed on another keyboard may come as other code points: NFKC makes them one. */
function deriveKey(passphrase: string, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<Buffer> {
  const options = { N, r, p, maxmem: 128 * r * (N + p) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
