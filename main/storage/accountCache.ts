import * as z from "zod";
import { AccountHealth } from "../../shared/contract/accounts.ts";
import type { AccountId } from "../../shared/ids.ts";
import { JsonFile } from "./jsonFile.ts";

/** What was last seen of an account's key backup, so that it is noticed when another client deletes entries of it. */
export const SeenBackup = z.object({
  version: z.string().max(255),
  /** What the server named as the state of the entries; null where it named nothing. */
  etag: z.string().max(255).nullable(),
  /** How many entries the server named. */
  count: z.number().int().nonnegative(),
  /** How many room keys this session took to be in it. */
  backedUp: z.number().int().nonnegative(),
  /** When its entries were last compared with this session, in milliseconds since 1970; null where they never were. */
  comparedAt: z.number().nullable(),
});
export type SeenBackup = z.infer<typeof SeenBackup>;

/** What the server can be asked about an account again. A shape of another version of the app costs nothing. */
export const CachedAccount = z.object({
  displayName: z.string().max(2048).nullable().catch(null),
  /** The picture on the server, and the hash under which it lies in the avatars folder. */
  avatar: z
    .object({ mxc: z.string().max(2048), hash: z.string().regex(/^[a-f0-9]{16,64}$/) })
    .nullable()
    .catch(null),
  /** As it was last known. */
  health: AccountHealth.nullable().catch(null),
  seenBackup: SeenBackup.optional().catch(undefined),
});
export type CachedAccount = z.infer<typeof CachedAccount>;

/** Entries are read one by one, so that one that is not understood costs none of the others. */
const CacheData = z.looseObject({ accounts: z.record(z.string(), z.unknown()) });

/** How long changes are collected before they are written, in milliseconds. */
const COLLECT_MS = 5_000;

/**
 * What is remembered of accounts so that it can be shown before anybody was asked. It is written some seconds after it has
 * changed, however much has: a crash costs what can be asked again, and 200 accounts that start do not keep the disk busy.
 */
export class AccountCache {
  readonly #file: JsonFile<z.infer<typeof CacheData>>;
  readonly #collectMs: number;
  /** What is known, by account; null until it was read. */
  #known: Map<string, CachedAccount> = new Map();
  #rest: Readonly<Record<string, unknown>> = {};
  #timer: NodeJS.Timeout | null = null;
  /** How many changes there were, and up to which of them the disk has them. */
  #changes = 0;
  #written = 0;
  /** Whether what was forgotten may still be in the file or in its copy. */
  #forgetting = false;

  constructor({ path, collectMs = COLLECT_MS }: { path: string; collectMs?: number }) {
    // It can be asked again: that it was damaged is nobody's business.
    this.#file = new JsonFile({ path, schema: CacheData, version: 1, onDamaged: () => undefined });
    this.#collectMs = collectMs;
  }

  /** Reads the file; the other methods need it done. @throws `data_too_new`, `file_failed` */
  async load(): Promise<void> {
    const data = await this.#file.read();
    this.#rest = data ?? {};
    this.#known = new Map(
      Object.entries(data?.accounts ?? {}).flatMap(([id, raw]) => {
        const parsed = CachedAccount.safeParse(raw);
        return parsed.success ? [[id, parsed.data] as const] : [];
      }),
    );
  }

  get(accountId: AccountId): CachedAccount | null {
    return this.#known.get(accountId) ?? null;
  }

  /** Remembers it now, and on the disk soon. */
  set(accountId: AccountId, cached: CachedAccount): void {
    this.#known.set(accountId, cached);
    this.#changed();
  }

  /**
   * Forgets an account, on the disk and in the copy there before it resolves. Where that fails, every later write tries
   * it again.
   * @throws `data_too_new`, `file_failed`
   */
  async remove(accountId: AccountId): Promise<void> {
    this.#forget([accountId]);
    if (this.#forgetting) await this.flush();
  }

  /** Forgets all other accounts: now, and on the disk and in the copy there soon. */
  keepOnly(accountIds: readonly AccountId[]): void {
    const kept = new Set<string>(accountIds);
    this.#forget([...this.#known.keys()].filter((id) => !kept.has(id)));
  }

  /** Resolves when the disk has every change until now. @throws `data_too_new`, `file_failed` */
  async flush(): Promise<void> {
    // What is being written just now counts as missing: it may fail yet.
    if (this.#written < this.#changes) await this.#write();
  }

  #forget(ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.#known.delete(id)) continue;
      this.#forgetting = true;
      this.#changed();
    }
  }

  #changed(): void {
    this.#changes += 1;
    this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), this.#collectMs).unref();
  }

  async #write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const [upTo, forgetting] = [this.#changes, this.#forgetting];
    await this.#file.write({ ...this.#rest, accounts: Object.fromEntries(this.#known) }, { forgetting });
    this.#written = Math.max(this.#written, upTo);
    if (forgetting && this.#written === this.#changes) this.#forgetting = false;
  }
}
