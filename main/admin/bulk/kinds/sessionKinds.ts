import * as z from "zod";
import type { UserDevice } from "../../../../shared/contract/users.ts";
import type { AppError } from "../../../../shared/errors.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { deleteUserDevices, listUserDevices } from "../../userDevices.ts";
import type { MasApi } from "../../mas/masApi.ts";
import { type AtWork, bulkKind, ID_ALONE, type Judgement, LIGHT_PACE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { already, done, incomplete, refused, unknown } from "../rowEnds.ts";
import { MAX_TRIES } from "./settle.ts";
import { idAlone, NoPayload, noPayload, notThere, UserRow, userRowOf } from "./userRow.ts";

const DAY_MS = 24 * 60 * 60_000;

type IsMeant = (device: UserDevice) => boolean;

/** When a session was seen is not always known. What is not known is no reason to sign somebody out. */
const unseenSince =
  (time: number): IsMeant =>
  ({ lastSeenAt }) =>
    lastSeenAt !== null && lastSeenAt < time;

const common = {
  reads: ID_ALONE,
  pace: LIGHT_PACE,
  withService: "by",
  setsPasswords: "never",
  row: UserRow,
  rowOf: userRowOf,
  result: idAlone,
} as const;

/** Users are signed out everywhere. */
export const signOutUsers = bulkKind({
  ...common,
  action: "sign_out",
  kind: "sign_out_users",
  payload: NoPayload,
  payloadOf: noPayload,
  judge: (api, { userId }, { own }) => judgeSessions(api, userId, own, () => true, true),
  perform: (api, { userId }, _payload, at) => signOut(api, userId, at, () => true, true),
});

/** Users lose the sessions that nobody has seen for a while. */
export const pruneSessions = bulkKind({
  ...common,
  action: "prune_sessions",
  kind: "prune_sessions",
  /** As of the beginning of the Job, though it may go on weeks later. */
  payload: z.object({ unseenSince: z.number() }),
  payloadOf: ({ choices }) => ({ unseenSince: Date.now() - choices.unseenDays * DAY_MS }),
  judge: (api, { userId }, { own, choices }) => judgeSessions(api, userId, own, unseenSince(Date.now() - choices.unseenDays * DAY_MS)),
  perform: (api, { userId }, payload, at) => signOut(api, userId, at, unseenSince(payload.unseenSince)),
});

const sessionsOf = async (api: PatientApi, userId: string, isMeant: IsMeant): Promise<string[]> => {
  const { devices } = await api.read((admin) => listUserDevices(admin, userId));
  return devices.filter(isMeant).map(({ deviceId }) => deviceId);
};

async function judgeSessions(
  api: PatientApi,
  userId: string,
  own: ReadonlySet<string>,
  isMeant: IsMeant,
  everywhere = false,
): Promise<Judgement> {
  const refusal = notThere(await api.user(userId), userId, own);
  if (refusal !== null) return { refusal };
  const count = (await sessionsOf(api, userId, isMeant)).length;
  if (count > 0) return { refusal: null, count };
  const service = await serviceOf(api, userId);
  return { refusal: everywhere && service && (await hasSessions(api, service)) ? null : already };
}

/** The service that looks after a user, and its own name for them. */
interface ServiceOfUser {
  mas: MasApi;
  id: string;
}

async function serviceOf(api: PatientApi, userId: string): Promise<ServiceOfUser | null> {
  const [{ mas }, masUser] = [api, await api.masUser(userId)];
  return mas && masUser && { mas, id: masUser.id };
}

const hasSessions = (api: PatientApi, { mas, id }: ServiceOfUser): Promise<boolean> => api.read(() => mas.hasSessions(id));

/** One that is gone is no error, so it is sent again where the answer was lost and there are some left. */
async function signOut(
  api: PatientApi,
  userId: string,
  { own, begunAt, begin }: AtWork,
  isMeant: IsMeant,
  everywhere = false,
): Promise<RowEnd> {
  const refusal = notThere(await api.user(userId), userId, own);
  if (refusal !== null) return refusal;
  const meant = await sessionsOf(api, userId, isMeant);
  const service = await serviceOf(api, userId);
  // The sessions of browsers have no device: that they have ended is for the service to say.
  const isForServiceToSay = everywhere && service !== null;
  // How many were signed out before the app ended is not known.
  if (meant.length === 0 && !(isForServiceToSay && (await hasSessions(api, service)))) return begunAt === null ? already : done;
  await begin();
  let left = meant;
  let error: AppError | null = null;
  let lost: AppError | null = null;
  let isOver = false;
  for (let tried = 1; !isOver && tried <= MAX_TRIES; tried += 1) {
    const sent = await api.write((admin) =>
      service
        ? // A device that is removed on the homeserver alone comes back.
          service.mas.endSessions(service.id, everywhere ? null : new Set(left))
        : deleteUserDevices(admin, userId, left),
    );
    left = await leftOf(api, userId, left, sent.kind === "answered" && service !== null);
    error = sent.kind === "answered" ? null : sent.error;
    if (sent.kind === "lost") lost = sent.error;
    if (sent.kind === "refused") break;
    isOver = left.length === 0 && (error === null || !isForServiceToSay);
  }
  if (left.length === 0 && (error === null || !isForServiceToSay)) return { ...done, count: begunAt === null ? meant.length : null };
  if (left.length === meant.length && error !== null) return refused(error, lost, null);
  if (left.length > 0) return incomplete("sessions_left", left.length, error);
  return lost === null ? { ...incomplete("sessions_left", 0, error), count: null } : unknown(null, lost);
}

/** Which of these are still signed in. @param isQueued a service has ended them, and tells the homeserver a moment later */
function leftOf(api: PatientApi, userId: string, devices: readonly string[], isQueued: boolean): Promise<string[]> {
  const read = async (): Promise<string[]> => {
    const now = new Set(await sessionsOf(api, userId, () => true));
    return devices.filter((deviceId) => now.has(deviceId));
  };
  return isQueued ? api.untilHeard(read, (left) => left.length === 0) : read();
}
