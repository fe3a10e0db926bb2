import type { StaffDifference, StaffGroup, StaffOffer, StaffServer as View } from "../../../shared/contract/staffList.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { StaffMember } from "../csv/readStaffList.ts";
import type { Comparison, Difference } from "./compareStaff.ts";

type Offered = StaffOffer["action"];

/** What can be done about a group. Nobody is erased because a list doesn't name them. */
const ACTIONS: Readonly<Record<StaffGroup, readonly Offered[]>> = {
  missing: ["create"],
  extra: ["lock", "deactivate"],
  different: ["change"],
  inactive: ["reactivate", "unlock", "lock"],
  unusable: [],
};

/** Of those who are inactive it depends on how they are so. */
const FITS: Partial<Record<Offered, (reason: Difference["reason"]) => boolean>> = {
  reactivate: (reason) => reason === "deactivated" || reason === "erased",
  unlock: (reason) => reason === "locked",
  lock: (reason) => reason !== "locked" && reason !== "deactivated" && reason !== "erased" && reason !== "already_locked",
};

/** Those of some people who are chosen, and of whom a Job of this kind would be. */
export const doableWith = (people: readonly Difference[], action: Offered): Difference[] =>
  people.filter(({ chosen, user, reason }) => chosen && user !== null && (FITS[action]?.(reason) ?? true));

/** Whom nobody chooses by choosing all. */
const ONE_BY_ONE: ReadonlySet<Difference["reason"]> = new Set(["admin", "not_told"]);

/** One server that a list of staff is held against, and what was found out. */
export class StaffServer {
  readonly accountId: AccountId;
  readonly serverName: string;
  readonly #listed: number;
  progress: View["progress"] = { done: 0, total: null };
  #status: View["status"] = "waiting";
  #error: AppError | null = null;
  #comparison: Comparison | null = null;
  #comparedAt = 0;
  #namesOnly = false;
  #revision = 0;
  #controller: AbortController | null = null;

  constructor(accountId: AccountId, serverName: string, members: readonly StaffMember[]) {
    this.accountId = accountId;
    this.serverName = serverName;
    this.#listed = members.filter(({ server }) => server === serverName.toLowerCase()).length;
  }

  get comparison(): Comparison | null {
    return this.#comparison;
  }

  /** The rows that count here: those that name this server, and those that name none. */
  membersOf(members: readonly StaffMember[]): StaffMember[] {
    return members.filter(({ server }) => server === null || server === this.serverName.toLowerCase());
  }

  /** What was found out before goes, and what is under way. */
  begin(): { signal: AbortSignal; isCurrent: () => boolean } {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.progress = { done: 0, total: null };
    this.#comparison = null;
    this.#error = null;
    this.#status = "comparing";
    return { signal: controller.signal, isCurrent: () => this.#controller === controller };
  }

  compared(comparison: Comparison, namesOnly: boolean): void {
    this.#comparison = comparison;
    this.#comparedAt = Date.now();
    this.#namesOnly = namesOnly;
    this.#status = "compared";
  }

  failed(error: AppError): void {
    this.#error = error;
    this.#status = "failed";
  }

  /** Nothing more is asked. */
  stop(): void {
    this.#controller?.abort();
    this.#controller = null;
    if (this.#status === "comparing") this.#status = "waiting";
  }

  rowsOf(group: StaffGroup): readonly Difference[] {
    return this.#comparison?.groups[group] ?? [];
  }

  page(group: StaffGroup, from: number, limit: number): { rows: StaffDifference[]; total: number } {
    const all = this.rowsOf(group);
    return { rows: all.slice(from, from + limit).map((one, at) => shown(one, from + at + 1)), total: all.length };
  }

  /** @param numbers null for all; to be chosen, of `extra` neither admins nor those of whom the server doesn't tell what they are */
  choose(group: StaffGroup, numbers: readonly number[] | null, chosen: boolean): void {
    const all = this.rowsOf(group);
    const meant =
      numbers === null
        ? all.filter(({ reason }) => !chosen || !ONE_BY_ONE.has(reason))
        : numbers.flatMap((number) => all[number - 1] ?? []);
    for (const one of meant) if (one.user !== null) one.chosen = chosen;
    this.#revision += 1;
  }

  view(): View {
    const { accountId, serverName, progress } = this;
    return {
      accountId,
      serverName,
      listed: this.#listed,
      status: this.#status,
      progress,
      error: this.#error,
      result: this.#result(),
      revision: this.#revision,
    };
  }

  #result(): View["result"] {
    const comparison = this.#comparison;
    if (comparison === null) return null;
    const { groups, same, leftOut, allRead } = comparison;
    const names = Object.keys(groups) as StaffGroup[];
    return {
      comparedAt: this.#comparedAt,
      counts: Object.fromEntries(names.map((group) => [group, groups[group].length])) as Record<StaffGroup, number>,
      same,
      leftOut,
      allRead,
      namesOnly: this.#namesOnly,
      offers: names.flatMap((group) =>
        ACTIONS[group].map((action) => ({ group, action, count: doableWith(groups[group], action).length })),
      ),
    };
  }
}

function shown(
  { line, name, displayName, reason, changes, problem, error, lastSeenAt, user, chosen }: Difference,
  number: number,
): StaffDifference {
  return {
    number,
    line,
    name: name.slice(0, 300),
    displayName,
    reason,
    changes,
    problem,
    error,
    lastSeenAt,
    chosen: user === null ? null : chosen,
  };
}
