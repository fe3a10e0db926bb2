import { createHash, randomBytes, scrypt } from "node:crypto";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import type { Passphrase } from "../../shared/secret.ts";
import { damagedCopiesIn } from "../storage/damagedCopies.ts";
import { isThere, readIfThere, removeDurably, renameDurably } from "../storage/durableFile.ts";
import { fileFailure } from "../storage/fileErrors.ts";
import { files } from "../storage/fileLayer.ts";
import { JsonFile } from "../storage/jsonFile.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import type { Keychain, KeychainDone, KeychainGet } from "./keychain.ts";
import { KEY_BYTES, newKey, seal, unseal } from "./aesGcm.ts";

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
  N: z
    .number()
    .int()
    .min(2)
    .max(2 ** 20),
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
const Data = z.object({ content: Content, checksum: z.string() }).refine(({ content, checksum }) => checksum === checksumOf(content));
type Data = z.infer<typeof Data>;

/** Between the name of the file and the moment at which its passphrase was forgotten. */
const FORGOTTEN = ".forgotten-";

/** Where the file lies, and what tests set lower. */
export interface PassphraseKeychainOptions {
  readonly path: string;
  readonly onDamaged: (damaged: DamagedFile) => void;
  readonly cost?: ScryptCost;
  /** What an entry becomes when another passphrase is chosen: whoever has the old file and its passphrase has the old one. */
  readonly renew?: (value: string) => string;
}

/**
 * A keychain for computers without one: a file whose entries are sealed under a random master key, and that key under
 * the person's passphrase. Locked until `unlock`, `choose` or `recall`.
 *
 * A file whose passphrase was forgotten is never removed: it lies beside under another name until it is recalled.
 */
export class PassphraseKeychain implements Keychain {
  readonly #path: string;
  readonly #onDamaged: (damaged: DamagedFile) => void;
  readonly #cost: ScryptCost;
  readonly #renew: (value: string) => string;
  /** What opens the file or puts another in its place happens one after the other. */
  readonly #turns = new KeyedQueue<"file">();
  #file: JsonFile<Data>;
  #master: Buffer | null = null;

  constructor({ path, onDamaged, cost = DEFAULT_COST, renew = (value) => value }: PassphraseKeychainOptions) {
    this.#path = path;
    this.#onDamaged = onDamaged;
    this.#cost = cost;
    this.#renew = renew;
    this.#file = this.#fileAt(path);
  }

  get locked(): boolean {
    return this.#master === null;
  }

  /** @throws `data_too_new`, `file_failed` */
  async exists(): Promise<boolean> {
    return (await this.#file.read()) !== null;
  }

  /**
   * Makes the file, or when it is there and unlocked, puts it under another passphrase: with a new master key and renewed
   * entries, in one step. Copies of the file that were put aside as damaged go when all entries in them are in the new one.
   * @throws `secrets_locked` when there is one that was not unlocked; `data_too_new`, `file_failed`
   */
  choose(passphrase: Passphrase): Promise<void> {
    return this.#turns.run("file", async () => {
      const before = this.#master;
      const master = newKey();
      const salt = randomBytes(SALT_BYTES);
      const key = await deriveKey(passphrase, salt, this.#cost);
      const content = (entries: Content["entries"]): Data =>
        withChecksum({
          ...this.#cost,
          salt: salt.toString("base64"),
          master: seal(key, master, MASTER_LABEL).toString("base64"),
          entries,
        });
      let wasThere = true;
      await this.#file.update((data) => {
        wasThere = data !== null;
        if (data === null) return content({});
        if (before === null) throw fail("secrets_locked");
        return content(this.#renewed(data.content.entries, before, master));
      });
      this.#master = master;
      // The copy beside the file still opens with the passphrase before; a second write, sealed anew, replaces it.
      const now = await this.#file.update((data) => content(data?.content.entries ?? {}));
      await this.#removeDamaged(now.content.entries, wasThere);
    });
  }

  /** The entries sealed anew. One that does not open stays as it is: it opened before no more than after. */
  #renewed(entries: Content["entries"], from: Buffer, to: Buffer): Content["entries"] {
    const renewed = Object.entries(entries).map(([name, entry]) => {
      const value = unseal(from, Buffer.from(entry, "base64"), entryLabel(name))?.toString("utf8");
      if (value === undefined) return [name, entry] as const;
      return [name, seal(to, Buffer.from(this.#renew(value), "utf8"), entryLabel(name)).toString("base64")] as const;
    });
    return Object.fromEntries(renewed);
  }

  /** @param whole whether the entries are those of a file that was there: one that is too garbled to say has no others */
  async #removeDamaged(entries: Content["entries"], whole: boolean): Promise<void> {
    for (const { file, path } of await damagedCopiesIn(dirname(this.#path))) {
      if (file !== basename(this.#path)) continue;
      const names = entryNames((await readIfThere(path))?.toString("utf8") ?? "");
      if (names ? names.every((name) => Object.hasOwn(entries, name)) : whole) await removeDurably(path);
    }
  }

  /**
   * The names of all entries, in the file in use and in those that were put aside.
   * @throws `data_too_new`, `file_failed`
   */
  async names(): Promise<ReadonlySet<string>> {
    const contents = [await this.#file.read()];
    for (const path of await this.#forgotten()) contents.push(await this.#fileAt(path).read());
    return new Set(contents.flatMap((data) => (data ? Object.keys(data.content.entries) : [])));
  }

  /**
   * @throws `wrong_passphrase`; `secret_unreadable` when the file is lost; `data_too_new`, `file_failed`
   */
  unlock(passphrase: Passphrase): Promise<void> {
    return this.#turns.run("file", async () => {
      const data = await this.#file.read();
      if (data === null) throw fail("secret_unreadable");
      const master = await openMaster(data, passphrase);
      if (master === null) throw fail("wrong_passphrase");
      this.#master = master;
    });
  }

  /** Forgets the key, as if the app had just been started. */
  lock(): Promise<void> {
    return this.#turns.run("file", () => {
      // Not written over: an entry that is being read at this moment would look like one of somebody else's.
      this.#master = null;
      return Promise.resolve();
    });
  }

  /**
   * Puts the locked file aside, with its copy and as it is, and goes on as if there had been none. Without a file it
   * does nothing.
   * @throws `invalid_input` when it is unlocked; `data_too_new`, `file_failed`
   */
  forget(): Promise<void> {
    return this.#turns.run("file", async () => {
      if (this.#master !== null) throw fail("invalid_input", { issues: ["The passphrase has been given."] });
      if (!(await this.exists())) return;
      const aside = `${this.#path}${FORGOTTEN}${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
      // The copy first: where this is cut short the file is still in its place, and nothing is made from its copy.
      await moveIfThere(`${this.#path}.bak`, `${aside}.bak`);
      await renameDurably(this.#path, aside);
      this.#file = this.#fileAt(this.#path);
    });
  }

  /**
   * Whether a file that was put aside has this entry and the one in use has not.
   * @throws `data_too_new`, `file_failed`
   */
  async isForgotten(name: string): Promise<boolean> {
    const has = (data: Data | null): boolean => data !== null && Object.hasOwn(data.content.entries, name);
    if (has(await this.#file.read())) return false;
    for (const path of await this.#forgotten()) if (has(await this.#fileAt(path).read())) return true;
    return false;
  }

  /**
   * Takes back what was put aside under this passphrase. Where there is no file in use, the one put aside becomes that
   * again. Otherwise its entries are added to the one in use, as far as that has none of their names, and it stays.
   * @throws `wrong_passphrase` when it opens nothing that was put aside; `secrets_locked` when the file in use is not
   *   unlocked; `data_too_new`, `file_failed`
   */
  recall(passphrase: Passphrase): Promise<void> {
    return this.#turns.run("file", async () => {
      let inUse = await this.exists();
      if (inUse && this.#master === null) throw fail("secrets_locked");
      let opened = false;
      for (const path of await this.#forgotten()) {
        const data = await this.#fileAt(path).read();
        const master = data && (await openMaster(data, passphrase));
        if (!data || !master) continue;
        if (inUse) await this.#adopt(data, master);
        else await this.#putBack(path, master);
        inUse = opened = true;
      }
      if (!opened) throw fail("wrong_passphrase");
    });
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

  #fileAt(path: string): JsonFile<Data> {
    return new JsonFile({ path, schema: Data, version: 1, onDamaged: this.#onDamaged });
  }

  /** The files that were put aside, the latest first. */
  async #forgotten(): Promise<string[]> {
    const folder = dirname(this.#path);
    const beginning = `${basename(this.#path)}${FORGOTTEN}`;
    return (await this.#filesBeside())
      .filter((name) => name.startsWith(beginning) && /^[\dTZ-]+$/.test(name.slice(beginning.length)))
      .sort()
      .reverse()
      .map((name) => join(folder, name));
  }

  async #filesBeside(): Promise<string[]> {
    return await files()
      .readdir(dirname(this.#path))
      .catch((thrown: unknown) => {
        throw fileFailure(thrown);
      });
  }

  async #putBack(aside: string, master: Buffer): Promise<void> {
    await renameDurably(aside, this.#path);
    await moveIfThere(`${aside}.bak`, `${this.#path}.bak`);
    this.#file = this.#fileAt(this.#path);
    this.#master = master;
  }

  async #adopt({ content }: Data, from: Buffer): Promise<void> {
    const into = this.#master as Buffer;
    const adopted: Content["entries"] = {};
    for (const [name, entry] of Object.entries(content.entries)) {
      const value = unseal(from, Buffer.from(entry, "base64"), entryLabel(name));
      if (value !== null) adopted[name] = seal(into, value, entryLabel(name)).toString("base64");
    }
    await this.#changeEntries((entries) => ({ ...adopted, ...entries }));
  }

  async #changeEntries(change: (entries: Content["entries"]) => Content["entries"]): Promise<void> {
    await this.#file.update((data) => {
      if (data === null) throw fail("secret_unreadable");
      return withChecksum({ ...data.content, entries: change(data.content.entries) });
    });
  }
}

/** The names of the entries in a damaged file; null when it does not say. */
function entryNames(text: string): string[] | null {
  const entries = z.object({ data: z.object({ content: z.object({ entries: z.record(z.string(), z.unknown()) }) }) });
  try {
    const parsed = entries.safeParse(JSON.parse(text));
    return parsed.success ? Object.keys(parsed.data.data.content.entries) : null;
  } catch {
    return null;
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if (await isThere(from)) await renameDurably(from, to);
}

/** The master key of a file, or null when the passphrase is not its. */
async function openMaster({ content }: Data, passphrase: Passphrase): Promise<Buffer | null> {
  const key = await deriveKey(passphrase, Buffer.from(content.salt, "base64"), content);
  const opened = unseal(key, Buffer.from(content.master, "base64"), MASTER_LABEL);
  return opened?.length === KEY_BYTES ? opened : null;
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
function deriveKey(passphrase: Passphrase, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<Buffer> {
  const options = { N, r, p, maxmem: 128 * r * (N + p) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal().normalize("NFKC"), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
