import type { Handlers } from "../../shared/contract/index.ts";
import type { PlainJob } from "../../shared/contract/jobs.ts";
import type { User, UserFilter, UserRow } from "../../shared/contract/users.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { JobControl, Jobs } from "../jobs/jobs.ts";
import { paced } from "../jobs/pace.ts";
import { GrowingFile, unfinishedName } from "../storage/growingFile.ts";
import { inFileName, type SuggestedName } from "../storage/suggestedName.ts";
import type { UnfinishedFiles } from "../storage/unfinishedFiles.ts";
import type { AdminApi } from "./adminApi.ts";
import { OWN_COLUMNS } from "./csv/userColumns.ts";
import { BYTE_ORDER_MARK, csvLines } from "./csv/writeCsv.ts";
import { patientReads, readUserOrWhyNot } from "./patientReads.ts";
import { type KnownOfServer, listAllUsers } from "./userList.ts";

export interface UserExportParts {
  apiOf: (accountId: AccountId) => AdminApi;
  /** What the account's list goes by, besides its filter. */
  knownOf: (accountId: AccountId) => KnownOfServer;
  jobs: Jobs;
  unfinishedFiles: UnfinishedFiles;
  /** Asks where the file is to be; null when the person cancels. */
  chooseTarget: (suggestedName: SuggestedName) => Promise<string | null>;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

type Requests = Handlers["userExport"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** So many users are written in one go. */
const PIECE = 200;

/** The columns, in the words of the files that admins have: what is read when such a file is used for bulk work comes first. */
const COLUMNS = [
  "id",
  "homeserver",
  "displayname",
  "admin",
  "user_type",
  "threepids",
  "external_ids",
  "locked",
  "deactivated",
  "suspended",
  "shadow_banned",
  "erased",
  "is_guest",
  "appservice",
  "avatar_url",
  "created",
  "last_seen",
  ...OWN_COLUMNS,
] as const;

/**
 * Writes users into CSV files: the handlers of the contract's domain `userExport`. Nothing is changed on the server, so that
 * a Job that was interrupted is simply begun again; what there was of its file is removed.
 */
export class UserExportService implements Requests {
  readonly #parts: UserExportParts;

  constructor(parts: UserExportParts) {
    this.#parts = parts;
  }

  /** @throws `no_such_account` before anybody is asked */
  save = async ({ accountId, filter, userIds }: Input<"save">): Promise<{ job: PlainJob | null }> => {
    const { apiOf, jobs, unfinishedFiles, chooseTarget } = this.#parts;
    const api = apiOf(accountId);
    const day = new Date().toISOString().slice(0, 10);
    const path = await chooseTarget({ holds: "users", of: `${inFileName(api.serverName)} ${day}`, ending: "csv" });
    if (path === null) return { job: null };
    const job = jobs.start("export_users", accountId, (control) =>
      unfinishedFiles.during(unfinishedName(path), () => this.#write({ api, accountId, filter, userIds, path, control })),
    );
    return { job };
  };

  async #write(what: {
    api: AdminApi;
    accountId: AccountId;
    filter: UserFilter;
    userIds: readonly string[] | null;
    path: string;
    control: JobControl;
  }) {
    const { api, accountId, filter, userIds, path, control } = what;
    const { knownOf, firstWaitMs } = this.#parts;
    const { pace, patient, ask } = patientReads(api, control.signal, firstWaitMs);
    // First who it is about: whoever changes while each of them is read does not shift the others.
    const matching = await listAllUsers(api, filter, knownOf(accountId), ask, (count) => control.progress(count, null));
    const chosen = userIds && new Set(userIds);
    const rows = chosen ? matching.filter(({ userId }) => chosen.has(userId)) : matching;
    const file = await GrowingFile.open(path);
    try {
      await file.append(BYTE_ORDER_MARK + csvLines([COLUMNS]));
      const counts = { users: 0, gone: 0, incomplete: 0 };
      for (let at = 0; at < rows.length; at += PIECE) {
        const piece = rows.slice(at, at + PIECE);
        const found = new Map<UserRow, User | AppFailure | null>();
        await paced(piece, pace, control.signal, async (row) => {
          found.set(row, await readUserOrWhyNot(patient, row.userId));
          control.progress(at + found.size, rows.length);
        });
        control.signal.throwIfAborted();
        const lines = piece.flatMap((row) => {
          const user = found.get(row) ?? null;
          if (user === null) {
            counts.gone += 1;
            return [];
          }
          counts.users += 1;
          if (user instanceof AppFailure) counts.incomplete += 1;
          return [cellsOf(row, user)];
        });
        await file.append(csvLines(lines));
      }
      await file.finish();
      return counts;
    } finally {
      await file.discard();
    }
  }
}

/** The cells of one user. What nobody knows is empty: it is not "false". */
function cellsOf(row: UserRow, read: User | AppFailure): string[] {
  const user = read instanceof AppFailure ? null : read;
  const told = user ?? row;
  const failure = read instanceof AppFailure ? read.error : null;
  const at = told.userId.indexOf(":");
  // The list knows longer than the answer about one user when they were last seen.
  const lastSeenAt = Math.max(row.lastSeenAt ?? 0, told.lastSeenAt ?? 0);
  const fact = (value: boolean | null | undefined): string => (value == null ? "" : String(value));
  return [
    // Whole Matrix IDs begin with what a spreadsheet takes for a formula.
    told.userId.slice(1, at),
    told.userId.slice(at + 1),
    told.displayName ?? "",
    fact(told.admin),
    told.userType ?? "",
    inOrder(user?.threepids.map(({ medium, address }) => `${medium}:${address}`)),
    inOrder(user?.externalIds.map(({ provider, id }) => `${provider}:${id}`)),
    fact(told.locked),
    fact(told.deactivated),
    fact(user?.suspended),
    fact(told.shadowBanned),
    fact(told.erased),
    fact(told.guest),
    user?.appserviceId ?? "",
    user?.avatarMxc ?? "",
    moment(told.createdAt),
    lastSeenAt === 0 ? "" : moment(lastSeenAt),
    failure === null ? "done" : "incomplete",
    failure === null ? "" : failure.kind === "server" ? `${failure.errcode} ${failure.message}`.slice(0, 200) : failure.kind,
  ];
}

/** Servers name them in any order: two files of the same users are to be the same. */
const inOrder = (contacts: readonly string[] = []): string => [...contacts].sort().join(",");

/** A moment as every spreadsheet and program reads it. Servers may name any number at all. */
function moment(at: number | null): string {
  if (at === null || Math.abs(at) > 8.64e15) return "";
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
