import type { BulkFieldChange, UserRowProblem } from "../../../shared/contract/bulk.ts";
import type { StaffGroup, StaffReason } from "../../../shared/contract/staffList.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import type { AppError } from "../../../shared/errors.ts";
import { nobodyBut, readUserId, RowProblem, type ReadUser } from "../csv/readUsers.ts";
import type { StaffMember } from "../csv/readStaffList.ts";
import { localpartOf, patternOf } from "../userFilter.ts";

/** Somebody who is otherwise on the server than on the list. */
export interface Difference {
  line: number | null;
  name: string;
  displayName: string | null;
  reason: StaffReason | null;
  changes: BulkFieldChange[];
  problem: UserRowProblem | null;
  error: AppError | null;
  lastSeenAt: number | null;
  /** What a Job would be told of them; null where nothing can be done. */
  user: ReadUser | null;
  chosen: boolean;
}

/** Somebody who is on both. */
export interface Pair {
  member: StaffMember;
  wanted: ReadUser;
  row: UserRow;
}

/** What the list of a server's users says beside a list of staff. */
export interface Comparison {
  groups: Record<StaffGroup, Difference[]>;
  /** Whose details are to be compared. */
  pairs: Pair[];
  same: number;
  leftOut: number;
  allRead: boolean;
}

export interface ComparedBy {
  serverName: string;
  /** Localparts of those who are on no list of staff, with `*` for anything. */
  hidden: readonly string[];
  /** The Matrix IDs of all accounts that are held here. */
  own: ReadonlySet<string>;
  /** Who was not seen since is inactive; in milliseconds since 1970. */
  seenSince: number;
}

/**
 * Holds a list of staff against the users of one server. Capital letters make no other user, as long as there is no user of exactly that
 * name. Whoever a row means is not missing on the list, though the rest of the row can't be used. Of whom rows disagree nothing is said but
 * that.
 *
 * @param members the rows that count for this server
 * @param users everybody on it
 */
export function compareStaff(members: readonly StaffMember[], users: readonly UserRow[], by: ComparedBy): Comparison {
  const groups: Comparison["groups"] = { missing: [], extra: [], different: [], inactive: [], unusable: [] };
  const pairs: Pair[] = [];
  const find = finder(users);
  const read = members.map((member) => ({ member, ...whoIsMeant(member, find, by.serverName) }));
  const disputed = disputedIn(read);
  const met = new Set<string>();
  const named = new Set(members.flatMap(({ localpart }) => localpart?.toLowerCase() ?? []));
  let same = 0;
  for (const { member, row, userId, problem } of read) {
    const { details } = member;
    if (userId === null || details === null) {
      groups.unusable.push(unusable(member, member.problem ?? problem));
      continue;
    }
    if (disputed.has(userId)) groups.unusable.push(unusable(member, { reason: "rows_disagree", column: null }));
    else if (met.has(userId)) groups.unusable.push(unusable(member, { reason: "twice", column: null }));
    else if (row !== undefined) {
      const wanted = { ...details, userId: row.userId };
      if (!member.active) {
        if (isGone(row)) same += 1;
        else groups.extra.push(extra(row, "gone", by, member));
      } else {
        const reason = inactivity(row, by);
        if (reason !== null)
          groups.inactive.push({ ...somebody(row, member), reason, user: wanted, chosen: reason === "deactivated" || reason === "locked" });
        if (!row.deactivated) pairs.push({ member, wanted, row });
      }
    } else if (member.active) groups.missing.push(missing(member, { ...details, userId }));
    else same += 1;
    met.add(userId);
  }
  const allRead = read.every(({ userId }) => userId !== null) && (pairs.length > 0 || groups.inactive.length > 0);
  const isLeftOut = leftOutBy(by.hidden);
  let leftOut = 0;
  for (const row of users) {
    if (row.deactivated || named.has(localpartOf(row.userId).toLowerCase())) continue;
    if (isLeftOut(row)) leftOut += 1;
    else groups.extra.push(extra(row, "not_listed", by));
  }
  if (!allRead) for (const one of groups.extra) one.chosen &&= one.reason === "gone";
  return { groups, pairs, same, leftOut, allRead };
}

interface Meant {
  /** Null where that can't be told: nobody of that name is there, and nobody can be. */
  userId: string | null;
  row?: UserRow;
  problem: UserRowProblem | null;
}

/** Whom a row means: somebody of the server, or somebody to be made. */
function whoIsMeant({ localpart }: StaffMember, find: ReturnType<typeof finder>, serverName: string): Meant {
  if (localpart === null) return { userId: null, problem: null };
  const row = find(localpart);
  if (row !== undefined) return { userId: row.userId, row, problem: null };
  try {
    return { userId: readUserId(`@${localpart}:${serverName}`, serverName, { isNew: true }), problem: null };
  } catch (thrown) {
    if (!(thrown instanceof RowProblem)) throw thrown;
    return { userId: null, problem: thrown.problem };
  }
}

/** Of whom one row says that they have left, and another that they are there: neither is believed, whichever stands first. */
function disputedIn(read: readonly (Meant & { member: StaffMember })[]): Set<string> {
  const said = new Map<string, boolean>();
  const disputed = new Set<string>();
  for (const { userId, member } of read) {
    if (userId === null) continue;
    if ((said.get(userId) ?? member.active) !== member.active) disputed.add(userId);
    said.set(userId, member.active);
  }
  return disputed;
}

/** Whom a localpart means: the very same, or the one that differs in capital letters. */
function finder(users: readonly UserRow[]): (localpart: string) => UserRow | undefined {
  const exact = new Map(users.map((row) => [localpartOf(row.userId), row]));
  const alike = new Map<string, UserRow | undefined>();
  for (const row of users) {
    const key = localpartOf(row.userId).toLowerCase();
    // Of several none is meant more than another.
    alike.set(key, alike.has(key) ? undefined : row);
  }
  return (localpart) => exact.get(localpart) ?? exact.get(localpart.toLowerCase()) ?? alike.get(localpart.toLowerCase());
}

const isGone = ({ deactivated, locked }: UserRow): boolean => deactivated || locked === true;

function inactivity(row: UserRow, { seenSince }: ComparedBy): StaffReason | null {
  if (row.deactivated) return row.erased === true ? "erased" : "deactivated";
  if (row.locked === true) return "locked";
  // Servers forget it after some weeks: who is not known to have been here is not said to have been away.
  return row.lastSeenAt !== null && row.lastSeenAt < seenSince ? "not_seen" : null;
}

function leftOutBy(hidden: readonly string[]): (row: UserRow) => boolean {
  const patterns = hidden.map(patternOf);
  return ({ userId, guest, userType }) => guest || userType !== null || patterns.some((fits) => fits(localpartOf(userId).toLowerCase()));
}

const NOTHING: Omit<Difference, "name" | "line"> = {
  displayName: null,
  reason: null,
  changes: [],
  problem: null,
  error: null,
  lastSeenAt: null,
  user: null,
  chosen: false,
};

/** Somebody of the server, with the row that means them. */
export const somebody = ({ userId, displayName, lastSeenAt }: UserRow, member?: StaffMember): Difference => ({
  ...NOTHING,
  name: userId,
  line: member?.line ?? null,
  displayName,
  lastSeenAt,
});

/** Nobody who keeps the server going is chosen at first, and nobody who is locked already. */
function extra(row: UserRow, why: "not_listed" | "gone", { own }: ComparedBy, member?: StaffMember): Difference {
  const { userId, admin, locked } = row;
  if (own.has(userId)) return { ...somebody(row, member), reason: "own_account" };
  const reason = admin ? "admin" : locked === true ? "already_locked" : why;
  return { ...somebody(row, member), reason, user: nobodyBut(userId), chosen: reason === why };
}

/** Somebody to be made. */
const missing = ({ line }: StaffMember, user: ReadUser): Difference => ({
  ...NOTHING,
  name: user.userId,
  line,
  displayName: user.displayName,
  user,
  chosen: true,
});

const unusable = ({ line, name }: StaffMember, problem: UserRowProblem | null): Difference => ({ ...NOTHING, name, line, problem });
