import { UserColumn } from "../../../../shared/contract/bulk.ts";
import type { User } from "../../../../shared/contract/users.ts";
import type { AppError } from "../../../../shared/errors.ts";
import { redactingPassword } from "../../../http/passwordRefusal.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import type { ServerUserChanges } from "../../adminApi.ts";
import { type AtWork, bulkKind, LIGHT_PACE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { localpartOf, passwordCell } from "../resultCells.ts";
import { done, refused, skipped, unknown } from "../rowEnds.ts";
import { findTakenContact } from "../takenContacts.ts";
import { createByService } from "./createByService.ts";
import { deactivate } from "./deactivateUsers.ts";
import { CLOCKS_MS, existing, MAX_TRIES, NewUserRow } from "./newUserRow.ts";
import { NoPayload, noPayload, passwordFor } from "./userRow.ts";

/** Until a creation must be answered, in milliseconds: the server hashes the password, and joins rooms meanwhile. */
const CREATE_MS = 120_000;

/** Users are made, with whatever their rows say of them. */
export const createUsers = bulkKind({
  action: "create",
  kind: "create_users",
  reads: { isNew: true, columns: UserColumn.exclude(["server", "active"]).options },
  // A new password costs the server a quarter of a second of a processor.
  pace: LIGHT_PACE,
  withService: "by",
  setsPasswords: "always",
  payload: NoPayload,
  payloadOf: noPayload,
  row: NewUserRow,
  rowOf: (user) => ({ ...user, ...passwordFor(user) }),
  result: {
    names: ["id", "displayname", "password", "admin", "user_type", "avatar_url", "threepids", "external_ids", "locked", "deactivated"],
    cellsOf: (user, which) => [
      localpartOf(user.userId),
      user.displayName ?? "",
      passwordCell(user, which),
      user.admin === null ? "" : String(user.admin),
      user.userType ?? "",
      user.avatarUrl ?? "",
      user.threepids.map(({ medium, address }) => `${medium}:${address}`).join(","),
      user.externalIds.map(({ provider, id }) => `${provider}:${id}`).join(","),
      user.locked ? "true" : "",
      user.deactivated ? "true" : "",
    ],
  },
  judge: async (api, wanted) => {
    const user = await api.user(wanted.userId);
    return { refusal: user === null ? await findTakenContact(api, wanted) : existing(user) };
  },
  perform: async (api, row, _payload, at) => {
    const end = await (api.mas ? createByService(api, api.mas, row, at) : createUser(api, row, at));
    const mayBeThere = end.outcome === "done" || end.outcome === "incomplete" || end.outcome === "unknown";
    return { ...end, madePassword: row.passwordMade && mayBeThere && !end.names.includes("password") };
  },
});

/**
 * Makes a user, and whatever a row says of them. A user who is there is left alone. What the server refuses after it has made
 * the user is tried again by itself, and named where it is refused again. When the answer is lost, the server is asked what is
 * so.
 */
async function createUser(api: PatientApi, user: NewUserRow, progress: AtWork): Promise<RowEnd> {
  let there = await api.user(user.userId);
  if (there !== null && progress.begunAt === null) return existing(there);
  const begunAt = progress.begunAt ?? Date.now();
  let refusal: AppError | null = null;
  if (there === null) {
    const taken = await findTakenContact(api, user);
    if (taken !== null) return taken;
    await progress.begin();
    let lost: AppError | null = null;
    for (let tried = 1; there === null; tried += 1) {
      const wanted = { password: user.password, ...changesOf(user), logout_devices: false };
      const sent = await api.write((admin) => redactingPassword(user.password, admin.changeUser(user.userId, wanted, CREATE_MS)));
      there = sent.kind === "answered" ? sent.value : await api.user(user.userId);
      if (sent.kind === "refused") refusal = sent.error;
      if (sent.kind === "lost") lost = sent.error;
      if (there !== null || sent.kind === "answered") continue;
      if (sent.kind === "refused") return refused(sent.error, lost, progress.begunAt);
      // The server may be at it still.
      if (tried >= MAX_TRIES) return unknown(null, sent.error);
      await api.moment(tried);
      // It may have been made only now.
      there = await api.user(user.userId);
    }
  }
  // Somebody else made a user of that name in the moment between the question and the request.
  if (there.createdAt !== null && there.createdAt < begunAt - CLOCKS_MS) return { ...skipped("exists_now"), outcome: "failed" };
  return complete(api, user, there, refusal);
}

type Field = "displayname" | "avatar_url" | "admin" | "user_type" | "threepids" | "external_ids" | "locked" | "deactivated";

/** What is sent with the creation: what may be refused for itself comes again in `complete`. */
function changesOf(user: NewUserRow): ServerUserChanges {
  const { displayName, avatarUrl, admin, userType, threepids, externalIds } = user;
  return {
    ...(displayName !== null && { displayname: displayName }),
    ...(avatarUrl !== null && { avatar_url: avatarUrl }),
    ...(admin !== null && { admin }),
    ...(userType !== null && { user_type: userType }),
    ...(threepids.length > 0 && { threepids }),
    ...(externalIds.length > 0 && { external_ids: externalIds.map(({ provider, id }) => ({ auth_provider: provider, external_id: id })) }),
  };
}

/** What the server does not have as it is wanted. */
function missing(user: NewUserRow, there: User): Field[] {
  const has = ({ medium, address }: NewUserRow["threepids"][number]): boolean =>
    there.threepids.some((one) => one.medium === medium && one.address.toLowerCase() === address);
  const hasId = (wanted: NewUserRow["externalIds"][number]): boolean =>
    there.externalIds.some(({ provider, id }) => provider === wanted.provider && id === wanted.id);
  const checks: Record<Field, boolean> = {
    displayname: user.displayName === null || there.displayName === user.displayName,
    avatar_url: user.avatarUrl === null || there.avatarMxc === user.avatarUrl,
    admin: user.admin === null || there.admin === user.admin,
    user_type: user.userType === null || there.userType === user.userType,
    threepids: user.threepids.every(has),
    external_ids: user.externalIds.every(hasId),
    locked: !user.locked || user.deactivated || there.locked === true,
    deactivated: !user.deactivated || there.deactivated,
  };
  // Servers take contacts away from whoever is deactivated.
  if (there.deactivated) checks.threepids = true;
  return (Object.keys(checks) as Field[]).filter((field) => !checks[field]);
}

/** Does what is missing, each for itself: one that is refused costs none of the others. */
async function complete(api: PatientApi, user: NewUserRow, made: User, refusal: AppError | null): Promise<RowEnd> {
  let there = made;
  let refused: AppError | null = refusal;
  const changes: Partial<Record<Field, unknown>> = { ...changesOf(user), locked: true };
  for (const field of missing(user, there)) {
    if (field === "deactivated") {
      const end = await deactivate(api, user.userId, false);
      if (end.error) refused = end.error;
    } else {
      const sent = await api.write((admin) => admin.changeUser(user.userId, { [field]: changes[field] }));
      if (sent.kind === "refused") refused = sent.error;
    }
    there = (await api.user(user.userId)) ?? there;
  }
  const left = missing(user, there);
  if (left.length === 0) return done;
  return { outcome: "incomplete", reason: "fields_missing", names: left, error: refused, count: null, madePassword: false };
}
