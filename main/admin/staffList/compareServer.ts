import type { BulkFieldChange } from "../../../shared/contract/bulk.ts";
import type { UserFilter, UserRow } from "../../../shared/contract/users.ts";
import type { AppError } from "../../../shared/errors.ts";
import { paced } from "../../jobs/pace.ts";
import type { AdminApi, UserWithContacts } from "../adminApi.ts";
import { changesOf, type Wanted, wantedOf } from "../bulk/kinds/changeUsers.ts";
import { type PatientApi, RowFailure } from "../bulk/patientApi.ts";
import type { StaffMember } from "../csv/readStaffList.ts";
import { patientReads } from "../patientReads.ts";
import { type KnownOfServer, listAllUsers } from "../userList.ts";
import { type Comparison, compareStaff, type ComparedBy, type Difference, type Pair, somebody } from "./compareStaff.ts";

const EVERYBODY: UserFilter = { search: "", kind: "all", seen: "any", withoutHidden: false, sort: "name", descending: false };
/** What a list of users says of each: for anything else each is asked about. */
const LISTED: ReadonlySet<string> = new Set<keyof Wanted>(["userId", "displayname", "admin", "user_type"]);

export interface ServerToCompare {
  api: AdminApi;
  known: KnownOfServer;
  members: readonly StaffMember[];
  by: ComparedBy;
  /** Whether an authentication service keeps contacts and rights: the server does not know them then. */
  namesOnly: boolean;
  signal: AbortSignal;
  progress: (done: number, total: number | null) => void;
  firstWaitMs?: number;
}

/**
 * Holds a list of staff against everybody on a server. The server is waited for where it is away. Nothing is changed.
 *
 * @throws what concerns every request, as `PatientApi` does, and where it is stopped
 */
export async function compareServer({
  api,
  known,
  members,
  by,
  namesOnly,
  signal,
  progress,
  firstWaitMs,
}: ServerToCompare): Promise<Comparison> {
  const { pace, patient, ask } = patientReads(api, signal, firstWaitMs);
  const users = await listAllUsers(api, EVERYBODY, known, ask, (count) => progress(count, null));
  signal.throwIfAborted();
  const comparison = compareStaff(members, users, by);
  const { groups, pairs } = comparison;
  // Though nobody is chosen at first: the person may choose all of them.
  const people = groups.extra.filter(({ reason }) => reason === "not_listed" || reason === "gone");
  const looks = [
    ...pairs.map((pair) => () => lookAtPair(patient, pair, namesOnly)),
    ...people.map((one) => () => lookAtExtra(patient, one)),
  ];
  const looked: Looked[] = [];
  let done = 0;
  await paced(looks.keys(), pace, signal, async (at) => {
    looked[at] = await looks[at]!();
    done += 1;
    progress(done, looks.length);
  });
  signal.throwIfAborted();
  const inactive = new Set(groups.inactive.map(({ name }) => name));
  const leftOut = new Set<Difference>();
  for (const [at, found] of looked.entries()) {
    const pair = pairs[at];
    if (pair === undefined) {
      const one = people[at - pairs.length]!;
      if (found.error !== null) Object.assign(one, { reason: "not_told", error: found.error, chosen: false });
      if (found.isOfBridge || found.isGone) leftOut.add(one);
      if (found.isOfBridge) comparison.leftOut += 1;
    } else if (found.error !== null) groups.unusable.push({ ...somebody(pair.row, pair.member), error: found.error });
    else if (found.changes.length > 0)
      groups.different.push({ ...somebody(pair.row, pair.member), changes: found.changes, user: pair.wanted, chosen: true });
    else if (!inactive.has(pair.row.userId)) comparison.same += 1;
  }
  groups.extra = groups.extra.filter((one) => !leftOut.has(one));
  return comparison;
}

/** What came of a look at one user. */
interface Looked {
  changes: BulkFieldChange[];
  isOfBridge: boolean;
  /** Meanwhile. */
  isGone: boolean;
  error: AppError | null;
}
const NOTHING_FOUND: Looked = { changes: [], isOfBridge: false, isGone: false, error: null };

/** What of somebody is otherwise than the list says. */
async function lookAtPair(api: PatientApi, { wanted: said, row }: Pair, namesOnly: boolean): Promise<Looked> {
  const { userId, displayname, ...more } = wantedOf(said, false);
  const wanted: Wanted = { userId, ...(displayname !== undefined && { displayname }), ...(namesOnly ? {} : more) };
  return unlessRefused(async () => {
    const isListed = Object.keys(wanted).every((field) => LISTED.has(field));
    const there = isListed ? asListed(row) : await api.readOrNull((admin) => admin.userWithContacts(userId));
    if (there === null) return { ...NOTHING_FOUND, error: { kind: "not_found" } };
    return { ...NOTHING_FOUND, changes: changesOf(there, wanted).filter(looksOtherwise) };
  });
}

/** Whether somebody who is on no list is a person after all: the list of users doesn't say who belongs to a bridge. */
const lookAtExtra = (api: PatientApi, { name }: Difference): Promise<Looked> =>
  unlessRefused(async () => {
    const user = await api.user(name);
    return { ...NOTHING_FOUND, isGone: user === null || user.deactivated, isOfBridge: user !== null && user.appserviceId !== null };
  });

async function unlessRefused(look: () => Promise<Looked>): Promise<Looked> {
  try {
    return await look();
  } catch (thrown) {
    if (!(thrown instanceof RowFailure)) throw thrown;
    return { ...NOTHING_FOUND, error: thrown.error };
  }
}

const asListed = (row: UserRow): UserWithContacts => ({
  user: { ...row, avatarMxc: null, suspended: null, threepids: [], externalIds: [], appserviceId: null },
  threepids: [],
  externalIds: [],
});

/** A name that is written with other code points and looks the same is the same. */
function looksOtherwise({ field, before, after }: BulkFieldChange): boolean {
  return field !== "displayname" || before.normalize("NFC").trim() !== after.normalize("NFC").trim();
}
