import * as z from "zod";
import type { BulkAction } from "../../../../shared/contract/bulk.ts";
import type { User } from "../../../../shared/contract/users.ts";
import type { AppError } from "../../../../shared/errors.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { type BulkKind, bulkKind, HEAVY_PACE, ID_ALONE, type Judgement } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { already, done, incomplete, refused, skipped, unknown } from "../rowEnds.ts";
import { idAlone, NoPayload, noPayload, UserRow, userRowOf } from "./userRow.ts";

/** Until a deactivation must be answered, in milliseconds: the server deletes each device of the user by itself. */
const DEACTIVATE_MS = 10 * 60_000;
/** How often it is sent that failed and was not done. */
const MAX_TRIES = 3;
/** How often the state is looked at after an answer was lost, before it counts as not known. */
const MAX_LOOKS = 6;
/** How often it is looked whether a user has left all rooms: the server answers before they have. */
const ROOM_LOOKS = 4;

const JoinedRooms = z.object({ joined_rooms: z.array(z.unknown()).max(1_000_000) });

/** Deactivates users, with or without erasing them. Either is done again to whoever is still in rooms. */
function endingKind(kind: { action: BulkAction; kind: BulkKind["kind"]; erase: boolean }): BulkKind {
  const { erase } = kind;
  const isSo = (user: User): boolean => user.deactivated && (!erase || user.erased === true);
  /** Done again, it takes leave of rooms that were left over. */
  const judge = async (api: PatientApi, userId: string, own: ReadonlySet<string>): Promise<Judgement> => {
    if (own.has(userId)) return { refusal: skipped("own_account") };
    const user = await api.user(userId);
    if (user === null) return { refusal: skipped("no_such_user") };
    if (!isSo(user)) return { refusal: null };
    const count = await roomsOf(api, userId);
    return count === 0 ? { refusal: already } : { refusal: null, count };
  };
  return bulkKind({
    ...kind,
    reads: ID_ALONE,
    pace: HEAVY_PACE,
    withService: "by",
    setsPasswords: "never",
    payload: NoPayload,
    payloadOf: noPayload,
    row: UserRow,
    rowOf: userRowOf,
    result: idAlone,
    judge: (api, { userId }, { own }) => judge(api, userId, own),
    perform: async (api, { userId }, _payload, { own, begunAt, begin }) => {
      const { refusal } = await judge(api, userId, own);
      // What was sent before the app ended has been done.
      if (refusal !== null) return refusal.outcome === "already" && begunAt !== null ? done : refusal;
      await begin();
      const end = await deactivate(api, userId, erase);
      if (end.outcome !== "done") return end;
      const left = await roomsLeft(api, userId);
      return left === 0 ? end : incomplete("rooms_left", left);
    },
  });
}

export const deactivateUsers = endingKind({ action: "deactivate", kind: "deactivate_users", erase: false });
export const eraseUsers = endingKind({ action: "erase", kind: "erase_users", erase: true });

/** Sends it, and finds out what is so where the answer is lost. */
export async function deactivate(api: PatientApi, userId: string, erase: boolean): Promise<RowEnd> {
  const [{ mas }, masUser] = [api, await api.masUser(userId)];
  let lost: AppError | null = null;
  for (let tried = 1; ; tried += 1) {
    const sent = await api.write<unknown>((admin) =>
      mas && masUser
        ? mas.deactivate(masUser.id, erase)
        : admin.request({
            method: "POST",
            path: ["v1", "deactivate", userId],
            body: { erase },
            schema: z.object({}),
            timeoutMs: DEACTIVATE_MS,
          }),
    );
    if (sent.kind === "answered") return done;
    if (sent.kind === "refused") return refused(sent.error, lost, null);
    lost = sent.error;
    const so = await becomesSo(api, userId, erase);
    if (so === true) return done;
    // An older server does not say whether somebody is erased.
    if (so === null) return unknown(null, sent.error);
    // The server goes on with what nobody waits for any more: sent again, it would have to do it twice.
    if (isStillRunning(sent.error)) return unknown("still_running", sent.error);
    // The server may come to it yet.
    if (tried >= MAX_TRIES) return unknown(null, sent.error);
  }
}

/** Null where the server does not say. */
async function becomesSo(api: PatientApi, userId: string, erase: boolean): Promise<boolean | null> {
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const user = await api.user(userId);
    if (user?.deactivated === true && (!erase || user.erased !== false)) return !erase || user.erased === true ? true : null;
    await api.moment(look);
  }
  return false;
}

async function roomsOf(api: PatientApi, userId: string): Promise<number> {
  const { joined_rooms: rooms } = await api.read((admin) =>
    admin.request({ path: ["v1", "users", userId, "joined_rooms"], schema: JoinedRooms }),
  );
  return rooms.length;
}

async function roomsLeft(api: PatientApi, userId: string): Promise<number> {
  for (let look = 1; ; look += 1) {
    const left = await roomsOf(api, userId);
    if (left === 0 || look === ROOM_LOOKS) return left;
    await api.moment(look);
  }
}

function isStillRunning(error: AppError): boolean {
  if (error.kind === "network") return error.reason === "timeout";
  return (error.kind === "gateway_error" || error.kind === "server") && error.status === 504;
}
