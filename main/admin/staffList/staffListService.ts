import { basename } from "node:path";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { BulkAction, BulkDraft } from "../../../shared/contract/bulk.ts";
import type { StaffList } from "../../../shared/contract/staffList.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { newId } from "../../storage/newId.ts";
import type { SuggestedName } from "../../storage/suggestedName.ts";
import type { AdminApi } from "../adminApi.ts";
import { findTwins, type ReadUserRow } from "../csv/readUsers.ts";
import type { KnownColumns } from "../csv/knownColumns.ts";
import { STAFF_COLUMNS, type StaffRows } from "../csv/readStaffList.ts";
import { readStaffFile } from "../csv/readUserFile.ts";
import type { ColumnMapping } from "../csv/userColumns.ts";
import type { KnownOfServer } from "../userList.ts";
import { compareServer } from "./compareServer.ts";
import { comparisonFile } from "./comparisonFile.ts";
import { doableWith, StaffServer } from "./staffServer.ts";

export interface StaffListParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** Whether an authentication service looks after the users of this account's server. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** What the account's list goes by, besides its filter. */
  knownOf: (accountId: AccountId) => KnownOfServer;
  /** The Matrix IDs of all accounts that are held here. */
  ownUserIds: () => ReadonlySet<string>;
  knownColumns: KnownColumns;
  /** Makes a draft of bulk work of rows, and begins to look at them. */
  prepareBulk: (accountId: AccountId, action: BulkAction, fileName: string, rows: ReadUserRow[]) => Promise<BulkDraft>;
  emit: Emit;
  ports: {
    /** Asks which file is to be read; null when the person cancels. */
    chooseSource: () => Promise<string | null>;
    /** Asks where, then writes a text into a file that only this person may read; false when the person cancels. */
    saveText: (file: { suggestedName: SuggestedName; text: string }) => Promise<boolean>;
  };
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

type Requests = Handlers["staffList"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** The file, as it was read last. */
interface OpenList {
  listId: ConversationId;
  /** Main alone knows where it lies. */
  path: string;
  read: StaffRows;
  servers: StaffServer[];
}

/** Shortest time between two reports, in milliseconds. */
const REPORT_EVERY_MS = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_ELSEWHERE = 20;

/**
 * Holds a list of the people who should be there against the users of several servers, each by itself: the handlers of the contract's
 * domain `staffList`. Nothing of it is written down.
 */
export class StaffListService implements Requests {
  readonly #parts: StaffListParts;
  #list: OpenList | null = null;
  #lastReport = 0;

  constructor(parts: StaffListParts) {
    this.#parts = parts;
  }

  get = () => ({ list: this.#view() });

  chooseFile = async ({ accountIds }: Input<"chooseFile">) => {
    const names = this.#serversOf(accountIds);
    const path = await this.#parts.ports.chooseSource();
    if (path === null) return { list: null };
    return this.#open(path, await this.#read(path), names);
  };

  setColumns = async ({ listId, columns, hasHeader }: Input<"setColumns">) => {
    const { path, read, servers } = this.#find(listId);
    if (read.headings.length !== columns.length) throw fail("invalid_input", { issues: ["columns"] });
    const mapping = { columns, hasHeader };
    const again = await readStaffFile({ path, mapping });
    if (again.rows.length > 0) await this.#parts.knownColumns.remember(again.headings, mapping, STAFF_COLUMNS);
    this.#find(listId);
    return this.#open(path, again, new Map(servers.map(({ serverName, accountId }) => [serverName, accountId])));
  };

  compare = ({ listId, accountIds, unseenDays }: Input<"compare">) => {
    const list = this.#find(listId);
    const wanted = new Set(accountIds);
    for (const server of list.servers) if (wanted.has(server.accountId)) void this.#compare(list, server, Date.now() - unseenDays * DAY_MS);
    return this.#told();
  };

  stop = ({ listId, accountId }: Input<"stop">) => {
    this.#server(listId, accountId).stop();
    return this.#told();
  };

  rows = ({ listId, accountId, group, from, limit }: Input<"rows">) => this.#server(listId, accountId).page(group, from, limit);

  choose = ({ listId, accountId, group, numbers, chosen }: Input<"choose">) => {
    this.#server(listId, accountId).choose(group, numbers, chosen);
    return this.#told();
  };

  prepare = async ({ listId, accountId, group, action }: Input<"prepare">) => {
    const { path } = this.#find(listId);
    const rows = doableWith(this.#server(listId, accountId).rowsOf(group), action).map(({ user, line, name }, at): ReadUserRow => ({
      line: line ?? at + 1,
      name,
      user,
      problem: null,
    }));
    if (rows.length === 0) throw fail("nothing_to_do");
    if (action === "create" || action === "change") findTwins(rows);
    return { draft: await this.#parts.prepareBulk(accountId, action, basename(path).slice(0, 1024), rows) };
  };

  save = async ({ listId }: Input<"save">) => {
    const compared = this.#find(listId).servers.flatMap(({ serverName, comparison }) =>
      comparison === null ? [] : [{ serverName, groups: comparison.groups }],
    );
    if (compared.length === 0) throw fail("nothing_to_do");
    const day = new Date().toISOString().slice(0, 10);
    return {
      saved: await this.#parts.ports.saveText({
        suggestedName: { holds: "staff_list", of: day, ending: "csv" },
        text: comparisonFile(compared),
      }),
    };
  };

  drop = ({ listId }: Input<"drop">) => {
    this.#find(listId);
    this.#close();
    this.#told();
    return {};
  };

  /** Forgets what belongs to an account that goes. */
  forgetAccount(accountId: AccountId): void {
    const list = this.#list;
    const gone = list?.servers.find((server) => server.accountId === accountId);
    if (!list || !gone) return;
    gone.stop();
    list.servers = list.servers.filter((server) => server !== gone);
    if (list.servers.length === 0) this.#close();
    this.#told();
  }

  /** One account for each server, by the server's name. */
  #serversOf(accountIds: readonly AccountId[]): Map<string, AccountId> {
    const names = new Map<string, AccountId>();
    for (const accountId of accountIds) {
      const { serverName } = this.#parts.adminApi(accountId);
      if (!names.has(serverName)) names.set(serverName, accountId);
    }
    return names;
  }

  /** Reads a file as the person said of one like it. */
  async #read(path: string): Promise<StaffRows> {
    const read = await readStaffFile({ path, mapping: null });
    const known: ColumnMapping | null = await this.#parts.knownColumns.find(read.headings);
    return known === null ? read : readStaffFile({ path, mapping: known });
  }

  #open(path: string, read: StaffRows, names: ReadonlyMap<string, AccountId>) {
    this.#close();
    const servers = [...names].map(([serverName, accountId]) => new StaffServer(accountId, serverName, read.rows));
    this.#list = { listId: newId<ConversationId>(), path, read, servers };
    return this.#told();
  }

  /** Compares one server. Never rejects. */
  async #compare(list: OpenList, server: StaffServer, seenSince: number): Promise<void> {
    const { adminApi, isDelegated, knownOf, ownUserIds, firstWaitMs } = this.#parts;
    const { accountId, serverName } = server;
    const { signal, isCurrent } = server.begin();
    const progress = (done: number, total: number | null): void => {
      if (!isCurrent()) return;
      server.progress = { done, total };
      this.#report();
    };
    try {
      const api = adminApi(accountId);
      const known = knownOf(accountId);
      const namesOnly = await isDelegated(accountId);
      const by = { serverName, hidden: known.hidden, own: ownUserIds(), seenSince };
      const members = server.membersOf(list.read.rows);
      const comparison = await compareServer({
        api,
        known,
        members,
        by,
        namesOnly,
        signal,
        progress,
        ...(firstWaitMs !== undefined && { firstWaitMs }),
      });
      if (isCurrent()) server.compared(comparison, namesOnly);
    } catch (thrown) {
      if (isCurrent()) server.failed(thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "staffList" });
    }
    if (isCurrent()) this.#told();
  }

  #view(): StaffList | null {
    return this.#list && viewOf(this.#list);
  }

  #told() {
    const told = { list: this.#view() };
    this.#lastReport = Date.now();
    this.#parts.emit("staffList.changed", told);
    return told;
  }

  #report(): void {
    if (Date.now() - this.#lastReport >= REPORT_EVERY_MS) this.#told();
  }

  #find(listId: ConversationId): OpenList {
    if (this.#list?.listId !== listId) throw fail("conversation_over");
    return this.#list;
  }

  #server(listId: ConversationId, accountId: AccountId): StaffServer {
    const server = this.#find(listId).servers.find((one) => one.accountId === accountId);
    if (!server) throw fail("conversation_over");
    return server;
  }

  #close(): void {
    for (const server of this.#list?.servers ?? []) server.stop();
    this.#list = null;
  }
}

function viewOf({ listId, path, read, servers }: OpenList): StaffList {
  const here = new Set(servers.map(({ serverName }) => serverName.toLowerCase()));
  const elsewhere = new Map<string, number>();
  for (const { server } of read.rows) if (server !== null && !here.has(server)) elsewhere.set(server, (elsewhere.get(server) ?? 0) + 1);
  return {
    listId,
    fileName: basename(path).slice(0, 1024),
    columns: {
      headings: read.headings,
      columns: read.headings.map((_, at) => read.columns[at] ?? null),
      hasHeader: read.hasHeader,
      usable: [...STAFF_COLUMNS],
    },
    rows: read.rows.length,
    withoutServer: read.rows.filter(({ server, localpart }) => server === null && localpart !== null).length,
    unusable: read.rows.filter(({ details }) => details === null).length,
    elsewhere: [...elsewhere]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MAX_ELSEWHERE)
      .map(([serverName, rows]) => ({ serverName: serverName.slice(0, 300), rows })),
    elsewhereServers: elsewhere.size,
    elsewhereRows: [...elsewhere.values()].reduce((sum, rows) => sum + rows, 0),
    unused: read.unused.slice(0, 200),
    servers: servers.map((server) => server.view()),
  };
}
