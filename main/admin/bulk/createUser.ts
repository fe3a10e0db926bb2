import * as z from "zod";
import type { User } from "../../../shared/contract/users.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { ServerUserChanges } from "../adminApi.ts";
import type { ReadUser } from "../csv/readUsers.ts";
import { UserAnswer } from "../serverUser.ts";
import { deactivate } from "./deactivateUser.ts";
import type { PatientApi } from "./patientApi.ts";
import { done, failed, type RowProgress, skipped } from "./rowEnds.ts";
import { findTakenContact } from "./takenContacts.ts";

/** Until a creation must be answered, in milliseconds: the server hashes the password, and joins rooms meanwhile. */
const CREATE_MS = 120_000;
/** How often a creation is sent whose answer was lost, and after which there was no such user. */
const MAX_TRIES = 3;
/** How far the clocks of the server and of this computer may be apart, in milliseconds. */
const CLOCKS_MS = 60 * 60_000;

/** Who is there already, as far as a new user of that name is concerned. */
export function existing(user: User): RowEnd {
  return skipped(user.deactivated ? "exists_deactivated" : user.locked ? "exists_locked" : "exists");
}

/**
 * Makes a user, and whatever a row says of them. A user who is there is left alone. What the server refuses after it has made
 * the user is tried again by itself, and named where it is refused again. When the answer is lost, the server is asked what is
 * so.
 */
export async function createUser(api: PatientApi, user: ReadUser & { password: string }, progress: RowProgress): Promise<RowEnd> {
  let there = await api.user(user.userId);
  if (there !== null && progress.begunAt === null) return existing(there);
  const begunAt = progress.begunAt ?? Date.now();
  let refusal: AppError | null = null;
  if (there === null) {
    const taken = await findTakenContact(api, user);
    if (taken !== null) return taken;
    await progress.begin();
    for (let tried = 1; there === null; tried += 1) {
      const sent = await api.write((admin, signal) =>
        admin.request({
          method: "PUT",
          path: ["v2", "users", user.userId],
          body: { password: user.password, ...changesOf(user), logout_devices: false },
          schema: UserAnswer,
          timeoutMs: CREATE_MS,
          signal,
        }),
      );
      there = sent.kind === "answered" ? sent.value : await api.user(user.userId);
      if (sent.kind === "refused") refusal = sent.error;
      if (there !== null || sent.kind === "answered") continue;
      if (sent.kind === "refused" || tried >= MAX_TRIES) return failed(sent.error);
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
function changesOf(user: ReadUser): ServerUserChanges {
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
function missing(user: ReadUser, there: User): Field[] {
  const has = ({ medium, address }: ReadUser["threepids"][number]): boolean =>
    there.threepids.some((one) => one.medium === medium && one.address.toLowerCase() === address);
  const hasId = (wanted: ReadUser["externalIds"][number]): boolean =>
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
async function complete(api: PatientApi, user: ReadUser, made: User, refusal: AppError | null): Promise<RowEnd> {
  let there = made;
  let refused: AppError | null = refusal;
  const changes: Partial<Record<Field, unknown>> = { ...changesOf(user), locked: true };
  for (const field of missing(user, there)) {
    if (field === "deactivated") {
      const end = await deactivate(api, user.userId);
      if (end.error) refused = end.error;
    } else {
      const sent = await api.write((admin, signal) =>
        admin.request({ method: "PUT", path: ["v2", "users", user.userId], body: { [field]: changes[field] }, schema: z.unknown(), signal }),
      );
      if (sent.kind === "refused") refused = sent.error;
    }
    there = (await api.user(user.userId)) ?? there;
  }
  const left = missing(user, there);
  if (left.length === 0) return done;
  return { outcome: "incomplete", reason: "fields_missing", names: left, error: refused, madePassword: false };
}
