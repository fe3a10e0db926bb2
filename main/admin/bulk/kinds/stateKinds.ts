import * as z from "zod";
import type { BulkAction } from "../../../../shared/contract/bulk.ts";
import type { User } from "../../../../shared/contract/users.ts";
import { fail } from "../../../../shared/errors.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import type { AdminApi } from "../../adminApi.ts";
import type { MasApi } from "../../mas/masApi.ts";
import { suspensionPath } from "../../userPaths.ts";
import { type BulkKind, bulkKind, ID_ALONE, LIGHT_PACE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { already, done } from "../rowEnds.ts";
import { CHANGE_MS, settle } from "./settle.ts";
import { idAlone, NoPayload, noPayload, notThere, UserRow, userRowOf } from "./userRow.ts";

/** A state that users are brought into, and out of again without a loss. */
interface StateKind {
  action: BulkAction;
  kind: BulkKind["kind"];
  undoneBy: BulkAction;
  withService: BulkKind["withService"];
  /** Whether it takes something from somebody, who must not be the person. */
  takes: boolean;
  send: (admin: AdminApi, userId: string) => Promise<unknown>;
  prepare?: NonNullable<BulkKind["prepare"]>;
  /** The same by the service that looks after the user, who has this id there. */
  byService?: (mas: MasApi, id: string) => Promise<unknown>;
  /** Null where the server does not say. */
  isSo: (user: User) => boolean | null;
}

function stateKind({ takes, send, byService, isSo, ...kind }: StateKind): BulkKind {
  const refusalOf = (user: User | null, userId: string, own: ReadonlySet<string>): RowEnd | null => {
    const refusal = notThere(user, userId, takes ? own : new Set());
    return refusal ?? (user !== null && isSo(user) === true ? already : null);
  };
  return bulkKind({
    ...kind,
    reads: ID_ALONE,
    pace: LIGHT_PACE,
    setsPasswords: "never",
    payload: NoPayload,
    payloadOf: noPayload,
    row: UserRow,
    rowOf: userRowOf,
    result: idAlone,
    judge: async (api, { userId }, { own }) => ({ refusal: refusalOf(await api.user(userId), userId, own) }),
    perform: async (api, { userId }, _payload, { own, begunAt, begin }) => {
      const refusal = refusalOf(await api.user(userId), userId, own);
      // What was sent before the app ended has been done.
      if (refusal !== null) return refusal.outcome === "already" && begunAt !== null ? done : refusal;
      const masUser = await api.masUser(userId);
      await begin();
      const { mas } = api;
      return settle(
        api,
        userId,
        (admin) => (mas && masUser && byService ? byService(mas, masUser.id) : send(admin, userId)),
        isSo,
        begunAt,
      );
    },
  });
}

const setLocked = (locked: boolean) => (admin: AdminApi, userId: string) => admin.changeUser(userId, { locked }, CHANGE_MS);
const setSuspended = (suspend: boolean) => (admin: AdminApi, userId: string) =>
  admin.request({ method: "PUT", path: suspensionPath(userId), body: { suspend }, schema: z.unknown(), timeoutMs: CHANGE_MS });
const knowsSuspension = (api: PatientApi): Promise<void> =>
  api.read(async (admin) => {
    if (!(await admin.has(suspensionPath(admin.userId)))) throw fail("admin_api_lacks", { host: admin.serverName });
  });
const suspendedIs = (wanted: boolean) => (user: User) => (user.suspended === null ? null : user.suspended === wanted);

export const lockUsers = stateKind({
  action: "lock",
  kind: "lock_users",
  undoneBy: "unlock",
  withService: "by",
  takes: true,
  send: setLocked(true),
  byService: (mas, id) => mas.change(id, "lock"),
  isSo: ({ locked }) => locked === true,
});

export const unlockUsers = stateKind({
  action: "unlock",
  kind: "unlock_users",
  undoneBy: "lock",
  withService: "by",
  takes: false,
  send: setLocked(false),
  byService: (mas, id) => mas.change(id, "unlock"),
  isSo: ({ locked }) => locked !== true,
});

export const suspendUsers = stateKind({
  action: "suspend",
  kind: "suspend_users",
  undoneBy: "unsuspend",
  withService: "beside",
  takes: true,
  send: setSuspended(true),
  prepare: knowsSuspension,
  isSo: suspendedIs(true),
});

export const unsuspendUsers = stateKind({
  action: "unsuspend",
  kind: "unsuspend_users",
  undoneBy: "suspend",
  withService: "beside",
  takes: false,
  send: setSuspended(false),
  prepare: knowsSuspension,
  isSo: suspendedIs(false),
});
