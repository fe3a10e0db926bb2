import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import { AccountId, BaseUrl, DeviceId, ServerName, UserId } from "../../shared/ids.ts";
import { AccountCache, CachedAccount } from "./accountCache.ts";
import { JsonFile } from "./jsonFile.ts";
import type { DamagedFile } from "./jsonFile.ts";

/** What nobody can be asked about an account again. What a later version has added stays where this one writes. */
const StoredEntry = z.looseObject({
  accountId: AccountId,
  userId: UserId,
  deviceId: DeviceId,
  homeserver: z.object({ serverName: ServerName, baseUrl: BaseUrl }),
  /** True once the session has run: from then on a missing crypto store is damage and not a first start. */
  hasRun: z.boolean().default(false),
  /** True when its secrets are in memory alone: it is forgotten at the next start. */
  thisTimeOnly: z.boolean().default(false),
  /**
   * Stands here from before the server is asked to deactivate the account until its answer has come. While it does, a
   * token that the server no longer knows means that it was done.
   */
  deactivation: z.object({ askedAt: z.number(), erase: z.boolean() }).nullish().catch(null),
  /** Crypto stores of earlier devices that were kept because some of their room keys are not shown to be elsewhere. */
  setAside: z
    .array(z.object({ deviceId: z.string().max(255), roomKeys: z.number().int().positive() }))
    .optional()
    .catch(undefined),
  /** Where the person has said that the server's admin API is, when that is not at its base URL. */
  adminBaseUrl: BaseUrl.nullish().catch(null),
  /** Whether the server said, when it was last asked, that the account is an admin of it. */
  wasAdmin: z.boolean().optional().catch(undefined),
  /** Users of its server that lists leave out, as localparts with `*` for anything: those of bridges. */
  hiddenUsers: z.array(z.string().max(255)).max(100).nullish().catch(null),
  /** Milliseconds since 1970 when the account was added. */
  createdAt: z.number(),
});

/** What is remembered of an account without asking anybody. Nothing in it is secret. */
export const AccountEntry = StoredEntry.extend(CachedAccount.shape);
export type AccountEntry = z.infer<typeof AccountEntry>;

/** Its own file, beside that of the list. */
const CACHE_NAME = "account-cache.json";

/** Entries are read one by one, so that one that is not understood costs none of the others. */
const IndexData = z.looseObject({ accounts: z.array(z.unknown()).max(10_000) });

/** One line of the file, and what was understood of it; else it is kept as it stands. */
type Line = { readonly raw: unknown; readonly entry: AccountEntry | null };

/** Where the index lies, and who is told of damage. */
export interface AccountIndexOptions {
  readonly path: string;
  readonly onDamaged: (damaged: DamagedFile) => void;
  /** Entries that could not be understood; they stay in the file as they are. */
  readonly onUnreadableEntries: (count: number) => void;
}

/**
 * The list of accounts in the order the person gave them. Every change is on the disk before it resolves, and is
 * visible in `list` only then; save what can be asked again, which is visible at once and written later.
 */
export class AccountIndex {
  readonly #file: JsonFile<z.infer<typeof IndexData>>;
  readonly #onUnreadableEntries: (count: number) => void;
  readonly #name: string;
  readonly #cache: AccountCache;
  #lines: readonly Line[] | null = null;
  /** What stands beside the list. */
  #rest: Readonly<Record<string, unknown>> = {};
  /** Whether the list on the disk may still be the only place of what belongs into the cache. */
  #cacheFirst = false;
  /** Whether the list was damaged: accounts may be missing in what was read then. */
  #damaged = false;
  #loading: Promise<readonly AccountEntry[]> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ path, onDamaged, onUnreadableEntries }: AccountIndexOptions) {
    this.#file = new JsonFile({
      path,
      schema: IndexData,
      version: 2,
      // Version 1 had in it what is in the cache now.
      migrations: { 1: (data) => data },
      onDamaged: (damaged) => {
        this.#damaged = true;
        onDamaged(damaged);
      },
    });
    this.#cache = new AccountCache({ path: join(dirname(path), CACHE_NAME) });
    this.#onUnreadableEntries = onUnreadableEntries;
    this.#name = basename(path);
  }

  /**
   * Reads the file, once however often it is called; the other methods need it done.
   * @throws `data_too_new`, `file_failed`
   */
  load(): Promise<readonly AccountEntry[]> {
    this.#loading ??= this.#read();
    return this.#loading;
  }

  async #read(): Promise<readonly AccountEntry[]> {
    const [data] = await Promise.all([this.#file.read(), this.#cache.load()]);
    this.#rest = data ?? {};
    this.#lines = (data?.accounts ?? []).map((raw) => this.#lineOf(raw));
    const unreadable = this.#lines.filter(({ entry }) => entry === null).length;
    if (unreadable > 0) this.#onUnreadableEntries(unreadable);
    // A power cut may have kept an account there that was being removed.
    else if (data !== null && !this.#damaged) this.#cache.keepOnly(this.list().map(({ accountId }) => accountId));
    return this.list();
  }

  /** The accounts in order. */
  list(): readonly AccountEntry[] {
    return this.#loaded.flatMap(({ entry }) => (entry === null ? [] : [entry]));
  }

  /** The account, or null when there is none of that id. */
  get(accountId: AccountId): AccountEntry | null {
    return this.list().find((entry) => entry.accountId === accountId) ?? null;
  }

  /**
   * Adds an account at the end.
   * @throws `file_failed`
   */
  add(entry: AccountEntry): Promise<void> {
    return this.#inOrder(async () => {
      if (this.get(entry.accountId) !== null) throw new Error("An account of this id is in the index already");
      await this.#write([...this.#loaded, lineOf(entry)]);
      this.#cache.set(entry.accountId, cachedOf(entry));
    });
  }

  /**
   * Changes one account; its id stays.
   * @throws `no_such_account`, `file_failed`
   */
  update(accountId: AccountId, change: (entry: AccountEntry) => AccountEntry): Promise<AccountEntry> {
    return this.#inOrder(async () => {
      const before = this.get(accountId);
      if (before === null) throw fail("no_such_account");
      const line = lineOf({ ...change(before), accountId });
      const lines = this.#loaded.map((one) => (one.entry?.accountId === accountId ? line : one));
      if (isDeepStrictEqual(line.raw, storedOf(before))) this.#lines = lines;
      else await this.#write(lines);
      if (!isDeepStrictEqual(cachedOf(line.entry), cachedOf(before))) this.#cache.set(accountId, cachedOf(line.entry));
      return line.entry;
    });
  }

  /**
   * Forgets an account, in the copy of the file too, and then what is remembered of it. Removing what is absent is no
   * error.
   * @throws `file_failed`
   */
  remove(accountId: AccountId): Promise<void> {
    return this.#inOrder(async () => {
      await this.#write(
        this.#loaded.filter(({ entry }) => entry?.accountId !== accountId),
        { forgetting: true },
      );
      // The account is gone, whatever comes of this: the next write of the cache, or the next start, tries it again.
      await this.#cache.remove(accountId).catch(() => undefined);
    });
  }

  /**
   * Puts the accounts named first, in that order; the others follow as they were. Ids that are not known are passed
   * over.
   * @throws `file_failed`
   */
  reorder(accountIds: readonly AccountId[]): Promise<void> {
    return this.#inOrder(() => {
      const lines = this.#loaded;
      const named = [...new Set(accountIds)].flatMap((id) => lines.filter(({ entry }) => entry?.accountId === id));
      return this.#write([...named, ...lines.filter((line) => !named.includes(line))]);
    });
  }

  /** Resolves when every change that was asked for is on the disk, or has failed. */
  async settled(): Promise<void> {
    await this.#last;
    // What is in it can be asked again.
    await this.#cache.flush().catch(() => undefined);
  }

  get #loaded(): readonly Line[] {
    if (this.#lines === null) throw new Error(`${this.#name} has not been loaded`);
    return this.#lines;
  }

  async #write(lines: readonly Line[], how = { forgetting: false }): Promise<void> {
    if (this.#cacheFirst) {
      await this.#cache.flush();
      this.#cacheFirst = false;
    }
    await this.#file.write({ ...this.#rest, accounts: lines.map(({ raw }) => raw) }, how);
    this.#lines = lines;
  }

  /** Changes wait for each other, so that none is worked out from a list that another is about to replace. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #lineOf(raw: unknown): Line {
    const stored = StoredEntry.safeParse(raw).data;
    if (stored === undefined) return { raw, entry: null };
    const cached = this.#cache.get(stored.accountId) ?? this.#moved(stored.accountId, raw);
    return { raw: storedOf(stored), entry: AccountEntry.parse({ ...stored, ...cached }) };
  }

  /** What stands in the list itself is of version 1: it goes into the cache, for no other write of the list keeps it. */
  #moved(accountId: AccountId, raw: unknown): CachedAccount {
    const cached = cachedOf(CachedAccount.parse({ ...(raw as object) }));
    if (Object.values(cached).every((value) => value === null)) return cached;
    this.#cache.set(accountId, cached);
    this.#cacheFirst = true;
    return cached;
  }
}

const CACHED_FIELDS = Object.keys(CachedAccount.shape);

/** An entry without what is in the cache. */
function storedOf(entry: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !CACHED_FIELDS.includes(name)));
}

function cachedOf({ displayName, avatar, health, seenBackup }: CachedAccount): CachedAccount {
  return { displayName, avatar, health, ...(seenBackup && { seenBackup }) };
}

function lineOf(entry: AccountEntry): { raw: unknown; entry: AccountEntry } {
  const parsed = AccountEntry.parse(entry);
  return { raw: storedOf(parsed), entry: parsed };
}
