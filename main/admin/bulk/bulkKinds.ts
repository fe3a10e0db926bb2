import * as z from "zod";
import type { RowJobKind, RowsControl } from "../../jobs/rowJobKind.ts";
import { Pace, paced, type PaceLimits } from "../../jobs/pace.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { AdminApi } from "../adminApi.ts";
import { changeUser } from "./changeUser.ts";
import { createUser } from "./createUser.ts";
import { deactivateUser } from "./deactivateUser.ts";
import { PatientApi, RowFailure } from "./patientApi.ts";
import { failed, type RowProgress } from "./rowEnds.ts";

export interface BulkKindsParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** The Matrix IDs of all accounts that are held here. */
  ownUserIds: () => ReadonlySet<string>;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

/** A user to be made, as it is sealed in a Job's input. */
export const NewUserRow = z.object({
  userId: z.string(),
  displayName: z.string().nullable(),
  password: z.string().min(1),
  /** Whether the password was made here, and has to be handed out. */
  passwordMade: z.boolean(),
  admin: z.boolean().nullable(),
  avatarUrl: z.string().nullable(),
  userType: z.string().nullable(),
  threepids: z.array(z.object({ medium: z.enum(["email", "msisdn"]), address: z.string() })),
  externalIds: z.array(z.object({ provider: z.string(), id: z.string() })),
  locked: z.boolean(),
  deactivated: z.boolean(),
});
export type NewUserRow = z.infer<typeof NewUserRow>;

/** A user who gets another password. */
export const NewPasswordRow = NewUserRow.pick({ userId: true, password: true, passwordMade: true });

const UserRow = z.object({ userId: z.string() });
const PasswordsPayload = z.object({ signOut: z.boolean() });
const NoPayload = z.object({});

/** A new password costs the server a quarter of a second of a processor; deactivating somebody, up to minutes. */
const CREATE_PACE: PaceLimits = { start: 4, most: 8 };
const CHANGE_PACE: PaceLimits = { start: 4, most: 8 };
const DEACTIVATE_PACE: PaceLimits = { start: 1, most: 2 };

/** The Jobs that work on many users, row by row. */
export function bulkKinds(parts: BulkKindsParts): RowJobKind[] {
  const eachRow = <R>(
    control: RowsControl<R>,
    limits: PaceLimits,
    work: (api: PatientApi, row: R, progress: RowProgress) => Promise<RowEnd>,
  ): Promise<void> => {
    const pace = new Pace(limits);
    const api = new PatientApi({
      api: parts.adminApi(control.accountId),
      pace,
      signal: control.signal,
      stopping: control.stopping,
      waiting: (reason) => control.waiting(reason),
      ...(parts.firstWaitMs !== undefined && { firstWaitMs: parts.firstWaitMs }),
    });
    return paced(control.open, pace, control.stopping, async (row) => {
      const progress = { begunAt: control.begunAt(row), begin: () => control.beginRow(row) };
      const end = await work(api, control.readRow(row), progress).catch((thrown: unknown) => {
        if (!(thrown instanceof RowFailure)) throw thrown;
        // What was sent before may have been done.
        return control.begunAt(row) === null ? failed(thrown.error) : { ...failed(thrown.error), outcome: "unknown" as const };
      });
      await control.endRow(row, end);
    });
  };
  const create: RowJobKind<typeof NoPayload, typeof NewUserRow> = {
    kind: "create_users",
    makesPasswords: true,
    payload: NoPayload,
    row: NewUserRow,
    run: (_payload, control) =>
      eachRow(control, CREATE_PACE, async (api, row, progress) => {
        const end = await createUser(api, row, progress);
        const isThere = end.outcome === "done" || end.outcome === "incomplete";
        return { ...end, madePassword: row.passwordMade && isThere };
      }),
  };
  const deactivate: RowJobKind<typeof NoPayload, typeof UserRow> = {
    kind: "deactivate_users",
    makesPasswords: false,
    payload: NoPayload,
    row: UserRow,
    run: (_payload, control) =>
      eachRow(control, DEACTIVATE_PACE, (api, { userId }, progress) => deactivateUser(api, userId, parts.ownUserIds(), progress)),
  };
  const locking = (kind: "lock" | "unlock"): RowJobKind<typeof NoPayload, typeof UserRow> => ({
    kind: `${kind}_users`,
    makesPasswords: false,
    payload: NoPayload,
    row: UserRow,
    run: (_payload, control) =>
      eachRow(control, CHANGE_PACE, (api, { userId }, progress) => changeUser(api, userId, { kind }, parts.ownUserIds(), progress)),
  });
  const resetPasswords: RowJobKind<typeof PasswordsPayload, typeof NewPasswordRow> = {
    kind: "reset_passwords",
    makesPasswords: true,
    payload: PasswordsPayload,
    row: NewPasswordRow,
    run: ({ signOut }, control) =>
      eachRow(control, CREATE_PACE, async (api, { userId, password, passwordMade }, progress) => {
        const end = await changeUser(api, userId, { kind: "password", password, signOut }, parts.ownUserIds(), progress);
        // Where the answer was lost, it may be the one that counts.
        return { ...end, madePassword: passwordMade && (end.outcome === "done" || end.outcome === "unknown") };
      }),
  };
  return [create, deactivate, locking("lock"), locking("unlock"), resetPasswords];
}
