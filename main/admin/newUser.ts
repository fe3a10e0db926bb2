import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { MissingPart, NewUser, NewUserResult, TakenContact } from "../../shared/contract/newUsers.ts";
import type { User } from "../../shared/contract/users.ts";
import { type AppError, AppFailure, isFailure } from "../../shared/errors.ts";
import { UserId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import { mayBeDone, mayBeDoneUnseen, sendAndLook } from "../http/lostAnswer.ts";
import { withoutPassword } from "../http/passwordRefusal.ts";
import type { AdminApi, ServerUserChanges } from "./adminApi.ts";
import { ownerOfExternalId } from "./contactOwners.ts";
import { uploadAvatar } from "./userAvatar.ts";

/** Making an account joins it to rooms before it is answered. Milliseconds. */
const CREATION_MS = 2 * 60_000;
/** How long to wait before each time that it is looked whether a user is there. Milliseconds. */
const FIND_OUT_AFTER_MS = [0, 1_000, 4_000];

/** Why there can be no such user; null where there can. */
export type Obstacle = Extract<NewUserResult, { status: "exists" | "name_refused" | "contacts_taken" }>;

/** What came of a request to make a user. */
export type Creation = { user: User; missing: MissingPart[] } | { refused: Obstacle } | { lost: AppError };

const Owner = z.object({ user_id: UserId });

/** The Matrix ID that a new user would have. */
export const newUserId = (api: AdminApi, { username }: Pick<NewUser, "username">): string => `@${username}:${api.serverName}`;

/**
 * Whether the name is to be had. A server that is asked to make somebody who is there already changes them instead.
 *
 * @throws what the server says
 */
export async function findSameName(api: AdminApi, user: NewUser): Promise<Obstacle | null> {
  const userId = newUserId(api, user);
  const same = await userOrNull(api, userId);
  if (same) return { status: "exists", userId, user: same };
  try {
    await api.request({ path: ["v1", "username_available"], query: { username: user.username }, schema: z.unknown(), repeatable: true });
    return null;
  } catch (thrown) {
    const refusal = nameRefusal(thrown);
    if (refusal === null) throw thrown;
    if (refusal !== "in_use") return { status: "name_refused", reason: refusal };
    return inOtherCase(api, userId);
  }
}

/** Names are compared without regard to case, so the one that is in the way may be written in another. */
async function inOtherCase(api: AdminApi, userId: string): Promise<Obstacle> {
  const localpart = userId.slice(1, userId.indexOf(":"));
  const { rows } = await api.users({ name: localpart, limit: "100", locked: "true" }, null);
  const found = rows.find((row) => row.userId.toLowerCase() === userId);
  const other = found ? await userOrNull(api, found.userId) : null;
  return { status: "exists", userId: other?.userId ?? userId, user: other };
}

/**
 * Whether the contacts are free. A server takes an email address away from whoever has it, without a word.
 *
 * @throws what the server says
 */
export async function findTakenContacts(api: AdminApi, user: NewUser): Promise<Obstacle | null> {
  const taken: TakenContact[] = [];
  const { emails, externalIds } = user;
  for (const address of emails) {
    const owner = await ownerOf(api, ["v1", "threepid", "email", "users", address]);
    if (owner !== null) taken.push({ kind: "email", contact: address, owner });
  }
  for (const { provider, id } of externalIds) {
    const owner = await ownerOfExternalId(api, { provider, id });
    if (owner !== null) taken.push({ kind: "external_id", contact: `${provider}: ${id}`, owner });
  }
  const ofOthers = taken.filter(({ owner }) => owner !== newUserId(api, user));
  return ofOthers.length === 0 ? null : { status: "contacts_taken", taken: ofOthers };
}

/** Null where nobody has it. @throws what the server says, `admin_api_lacks` where it cannot say whose it is */
async function ownerOf(api: AdminApi, path: readonly string[]): Promise<string | null> {
  try {
    return (await api.request({ path, schema: Owner, repeatable: true })).user_id;
  } catch (thrown) {
    if (isFailure(thrown, "not_found")) return null;
    throw thrown;
  }
}

/** @throws what the server says, but that there is none */
async function userOrNull(api: AdminApi, userId: string): Promise<User | null> {
  try {
    return await api.user(userId);
  } catch (thrown) {
    if (isFailure(thrown, "not_found")) return null;
    throw thrown;
  }
}

function nameRefusal(thrown: unknown): "in_use" | "invalid" | "reserved" | null {
  if (!isFailure(thrown, "server")) return null;
  switch (thrown.error.errcode) {
    case "M_USER_IN_USE":
      return "in_use";
    case "M_INVALID_USERNAME":
      return "invalid";
    case "M_EXCLUSIVE":
      return "reserved";
    default:
      return null;
  }
}

/**
 * Makes a user whom nobody has seen before. A server makes the account first, and then refuses a contact, or its answer is
 * lost: whoever is there afterwards is ours, and what they lack is asked for once more, part by part.
 *
 * @throws what the server refuses, where it has made nobody
 */
export async function createUser(api: AdminApi, user: NewUser, password: Password | null): Promise<Creation> {
  const userId = newUserId(api, user);
  const wanted: ServerUserChanges = {
    admin: user.admin,
    ...(user.userType !== null && { user_type: user.userType }),
    ...(password !== null && { password, logout_devices: false }),
    ...(user.displayName !== null && { displayname: user.displayName }),
    ...(user.emails.length > 0 && { threepids: threepidsOf(user) }),
    ...(user.externalIds.length > 0 && { external_ids: externalIdsOf(user) }),
  };
  try {
    const made = await api.changeUser(userId, wanted, CREATION_MS);
    return await finish(api, user, made);
  } catch (thrown) {
    const failure = password === null ? thrown : withoutPassword(thrown, password);
    if (!(failure instanceof AppFailure)) throw failure;
    const refusal = nameRefusal(failure);
    if (refusal === "in_use") return { refused: { status: "exists", userId, user: await userOrNull(api, userId) } };
    if (refusal !== null) return { refused: { status: "name_refused", reason: refusal } };
    const found = await look(api, userId, mayBeDone(failure) ? FIND_OUT_AFTER_MS : [0]);
    if (found === "unreachable") return { lost: failure.error };
    if (found !== null) return await finish(api, user, found);
    if (mayBeDoneUnseen(failure)) return { lost: failure.error };
    throw failure;
  }
}

async function look(api: AdminApi, userId: string, waits: readonly number[]): Promise<User | null | "unreachable"> {
  let found: User | null | "unreachable" = null;
  for (const milliseconds of waits) {
    await pause(milliseconds);
    found = await userOrNull(api, userId).catch(() => "unreachable" as const);
    if (found !== null && found !== "unreachable") return found;
  }
  return found;
}

const threepidsOf = ({ emails }: NewUser): object[] => emails.map((address) => ({ medium: "email", address }));
const externalIdsOf = ({ externalIds }: NewUser): object[] =>
  externalIds.map(({ provider, id }) => ({ auth_provider: provider, external_id: id }));

/** What a homeserver may not have taken. A password comes with the request that makes the user. */
type ServerPart = Exclude<MissingPart["part"], "password">;

/** Asks, or asks once more, for each part that is not there, by itself, so that one which is refused costs none of the others. */
async function finish(api: AdminApi, wanted: NewUser, made: User): Promise<{ user: User; missing: MissingPart[] }> {
  const changes: Record<Exclude<ServerPart, "picture">, ServerUserChanges> = {
    display_name: { displayname: wanted.displayName ?? "" },
    admin: { admin: wanted.admin },
    user_type: { user_type: wanted.userType },
    locked: { locked: true },
    deactivated: { deactivated: true },
    emails: { threepids: threepidsOf(wanted) },
    external_ids: { external_ids: externalIdsOf(wanted) },
  };
  let user = made;
  const missing: MissingPart[] = [];
  for (const part of missingIn(wanted, made)) {
    try {
      // A picture is uploaded when there is somebody to have it.
      const change = part === "picture" ? await withPicture(api, wanted) : changes[part];
      const isTaken = (seen: User): boolean => !missingIn(wanted, seen).includes(part);
      user = await sendAndLook(
        () => api.changeUser(made.userId, change),
        () => api.user(made.userId),
        isTaken,
      );
      if (!isTaken(user)) missing.push({ part, error: null });
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) throw thrown;
      missing.push({ part, error: thrown.error });
    }
  }
  return { user, missing };
}

/** The change that gives a new user their picture, once that is uploaded. @throws what the server says */
export async function withPicture(api: AdminApi, { picture }: NewUser): Promise<ServerUserChanges> {
  return picture === null ? {} : { avatar_url: await uploadAvatar(api, picture.image, picture.mimeType) };
}

function missingIn(wanted: NewUser, user: User): ServerPart[] {
  const hasEmail = (address: string): boolean =>
    user.threepids.some((threepid) => threepid.medium === "email" && threepid.address.toLowerCase() === address);
  const hasId = (of: { provider: string; id: string }): boolean =>
    user.externalIds.some(({ provider, id }) => provider === of.provider && id === of.id);
  const missing: ServerPart[] = [];
  if (wanted.displayName !== null && user.displayName !== wanted.displayName) missing.push("display_name");
  if (wanted.admin !== user.admin) missing.push("admin");
  if (!wanted.emails.every(hasEmail)) missing.push("emails");
  if (!wanted.externalIds.every(hasId)) missing.push("external_ids");
  if (wanted.userType !== user.userType) missing.push("user_type");
  if (wanted.picture !== null && user.avatarMxc === null) missing.push("picture");
  // Last, for it takes contacts away.
  if (wanted.startsAs === "deactivated") return user.deactivated ? [] : [...missing, "deactivated"];
  if (wanted.startsAs === "locked" && user.locked !== true) missing.push("locked");
  return missing;
}
