import { basename } from "node:path";
import * as z from "zod";
import { AccountHealth } from "../../shared/contract/accounts.ts";
import { fail } from "../../shared/errors.ts";
import { AccountId, BaseUrl, DeviceId, ServerName, UserId } from "../../shared/ids.ts";
import { JsonFile } from "./jsonFile.ts";
import type { DamagedFile } from "./jsonFile.ts";

/**
 * What is remembered of an account without asking anybody. Nothing in it is secret. What a later version has added stays
 * where this one writes.
 */
export const AccountEntry = z.looseObject({
  accountId: AccountId,
  userId: UserId,
  deviceId: DeviceId,
  homeserver: z.object({ serverName: ServerName, baseUrl: BaseUrl }),
  displayName: z.string().max(2048).nullable(),
  /** The picture on the server, and the hash under which it lies in the avatars folder. Can be fetched again. */
  avatar: z
    .object({ mxc: z.string().max(2048), hash: z.string().regex(/^[a-f0-9]{16,64}$/) })
    .nullable()
    .catch(null),
  /** As it was last known. Can be asked again, so a shape of another version of the app costs nothing. */
  health: AccountHealth.nullable().catch(null),
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
export type AccountEntry = z.infer<typeof AccountEntry>;

/** Entries are read one by one, so that one that is not understood costs none of the others. */
const IndexData = z.looseObject({ accounts: z.array(z.unknown()).max(10_000) });

/** One line of the file: understood, or kept as it stands. */
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
 * visible in `list` only then.
 */
export class AccountIndex {
  readonly #file: JsonFile<z.infer<typeof IndexData>>;
  readonly #onUnreadableEntries: (count: number) => void;
  readonly #name: string;
  #lines: readonly Line[] | null = null;
  /** What stands beside the list. */
  #rest: Readonly<Record<string, unknown>> = {};
  #loading: Promise<readonly AccountEntry[]> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ path, onDamaged, onUnreadableEntries }: AccountIndexOptions) {
    this.#file = new JsonFile({ path, schema: IndexData, version: 1, onDamaged });
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
    const data = await this.#file.read();
    this.#rest = data ?? {};
    this.#lines = (data?.accounts ?? []).map((raw) => ({ raw, entry: AccountEntry.safeParse(raw).data ?? null }));
    const unreadable = this.#lines.filter(({ entry }) => entry === null).length;
    if (unreadable > 0) this.#onUnreadableEntries(unreadable);
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
  async add(entry: AccountEntry): Promise<void> {
    await this.#change((lines) => {
      if (lines.some((line) => line.entry?.accountId === entry.accountId)) {
        throw new Error("An account of this id is in the index already");
      }
      return [...lines, lineOf(entry)];
    });
  }

  /**
   * Changes one account; its id stays.
   * @throws `no_such_account`, `file_failed`
   */
  async update(accountId: AccountId, change: (entry: AccountEntry) => AccountEntry): Promise<AccountEntry> {
    let changed: AccountEntry | undefined;
    await this.#change((lines) =>
      lines.map((line) => {
        if (line.entry?.accountId !== accountId) return line;
        changed = { ...change(line.entry), accountId };
        return lineOf(changed);
      }),
    );
    if (changed === undefined) throw fail("no_such_account");
    return changed;
  }

  /**
   * Forgets an account, in the copy of the file too. Removing what is absent is no error.
   * @throws `file_failed`
   */
  async remove(accountId: AccountId): Promise<void> {
    await this.#change((lines) => lines.filter(({ entry }) => entry?.accountId !== accountId), { forgetting: true });
  }

  /**
   * Puts the accounts named first, in that order; the others follow as they were. Ids that are not known are passed
   * over.
   * @throws `file_failed`
   */
  async reorder(accountIds: readonly AccountId[]): Promise<void> {
    await this.#change((lines) => {
      const named = [...new Set(accountIds)].flatMap((id) => lines.filter(({ entry }) => entry?.accountId === id));
      return [...named, ...lines.filter((line) => !named.includes(line))];
    });
  }

  /** Resolves when every change that was asked for is on the disk, or has failed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  get #loaded(): readonly Line[] {
    if (this.#lines === null) throw new Error(`${this.#name} has not been loaded`);
    return this.#lines;
  }

  /** Changes wait for each other, so that none is worked out from a list that another is about to replace. */
  #change(change: (lines: readonly Line[]) => readonly Line[], how = { forgetting: false }): Promise<void> {
    const done = this.#last.then(async () => {
      const lines = change(this.#loaded);
      await this.#file.write({ ...this.#rest, accounts: lines.map(({ raw }) => raw) }, how);
      this.#lines = lines;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function lineOf(entry: AccountEntry): Line {
  const parsed = AccountEntry.parse(entry);
  return { raw: parsed, entry: parsed };
}
