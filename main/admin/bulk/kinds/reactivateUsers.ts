import * as z from "zod";
import type { Password } from "../../../../shared/secret.ts";
import { secretText } from "../../../../shared/secretSchemas.ts";
import { redactingPassword } from "../../../http/passwordRefusal.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { bulkKind, LIGHT_PACE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { localpartOf, passwordCell } from "../resultCells.ts";
import { already, done, skipped, unknown } from "../rowEnds.ts";
import type { MasApi } from "../../mas/masApi.ts";
import { CHANGE_MS, settle } from "./settle.ts";
import { NoPayload, noPayload, passwordFor, PasswordRow } from "./userRow.ts";

/** Users who are deactivated can sign in again; with another password where the server has passwords. */
export const reactivateUsers = bulkKind({
  action: "reactivate",
  kind: "reactivate_users",
  reads: { isNew: false, columns: ["id", "password", "displayname"] },
  pace: LIGHT_PACE,
  withService: "by",
  setsPasswords: "where_used",
  payload: NoPayload,
  payloadOf: noPayload,
  row: PasswordRow.extend({ password: secretText("password", z.string().min(1)).nullable(), displayName: z.string().nullable() }),
  rowOf: (user, { takesPasswords }) => ({
    userId: user.userId,
    displayName: user.displayName,
    ...(takesPasswords ? passwordFor(user) : { password: null, passwordMade: false }),
  }),
  result: {
    names: ["id", "displayname", "password"],
    cellsOf: ({ userId, displayName, password, passwordMade }, which) => [
      localpartOf(userId),
      displayName ?? "",
      password === null ? "" : passwordCell({ password, passwordMade }, which),
    ],
  },
  judge: async (api, { userId }) => {
    const user = await api.user(userId);
    if (user === null) return { refusal: skipped("no_such_user") };
    return { refusal: user.deactivated ? null : already };
  },
  perform: async (api, { userId, password, passwordMade, displayName }, _payload, { begunAt, begin }) => {
    const before = await api.user(userId);
    if (before === null) return skipped("no_such_user");
    if (!before.deactivated && begunAt === null) return already;
    // A run that ended may have done it, or somebody else meanwhile: then the password is theirs, and not to be set here.
    const isSettledElsewhere = !before.deactivated && password !== null;
    const masUser = await api.masUser(userId);
    const byService = api.mas && masUser ? { mas: api.mas, id: masUser.id } : null;
    await begin();
    if (before.deactivated) {
      const changes = { deactivated: false, ...(password !== null && { password }) };
      const end = await settle(
        api,
        userId,
        (admin) =>
          byService
            ? byService.mas.change(byService.id, "reactivate")
            : redactingPassword(password, admin.changeUser(userId, changes, CHANGE_MS)),
        ({ deactivated }) => !deactivated,
        begunAt,
      );
      if (end.outcome !== "done") return { ...end, madePassword: passwordMade && end.outcome === "unknown" && byService === null };
    }
    if (byService) {
      const set = password === null || isSettledElsewhere ? null : await setPassword(api, byService, password);
      if (set !== null) return { ...set, madePassword: passwordMade && set.outcome === "unknown" };
      // It tells the homeserver by a queue, and a profile is for those who are there.
      await api.untilHeard(
        () => api.readOrNull((admin) => admin.user(userId)),
        (user) => user?.deactivated === false,
      );
    }
    // Servers have forgotten the profile of an erased user, and some did not make a new one (Synapse 1.150 to 1.156).
    const name = displayName ?? before.displayName;
    if (name !== null) {
      const hasName = (user: { displayName: string | null } | null): boolean => user?.displayName === name;
      if (!hasName(await api.user(userId))) {
        const sent = await api.write((admin) => admin.changeUser(userId, { displayname: name }));
        const error = sent.kind === "answered" ? null : sent.error;
        if (!hasName(await api.user(userId))) {
          return {
            outcome: "incomplete",
            reason: "fields_missing",
            names: ["displayname"],
            error,
            count: null,
            madePassword: passwordMade,
          };
        }
      }
    }
    if (isSettledElsewhere) return { ...unknown("interrupted", null), names: ["password"], madePassword: passwordMade };
    return { ...done, madePassword: passwordMade };
  },
});

/** Sets the password by the service, where somebody is active already. Answers why that is not so; null where it is. */
async function setPassword(api: PatientApi, { mas, id }: { mas: MasApi; id: string }, password: Password): Promise<RowEnd | null> {
  const sent = await api.write(() => redactingPassword(password, mas.setPassword(id, password)));
  if (sent.kind === "answered") return null;
  if (sent.kind === "lost") return unknown(null, sent.error);
  return { outcome: "incomplete", reason: "fields_missing", names: ["password"], error: sent.error, count: null, madePassword: false };
}
