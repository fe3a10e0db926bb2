import type { MissingPart, NewUser } from "../../../shared/contract/newUsers.ts";
import type { User } from "../../../shared/contract/users.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { Password } from "../../../shared/secret.ts";
import { mayBeDoneUnseen, sendAndLook } from "../../http/lostAnswer.ts";
import { withoutPassword } from "../../http/passwordRefusal.ts";
import type { AdminApi, ServerUserChanges } from "../adminApi.ts";
import { type Creation, newUserId, withPicture } from "../newUser.ts";
import type { MasApi, MasUser } from "./masApi.ts";
import { addEmail, asServiceHas, knownToService } from "./masUser.ts";
import { untilHeard } from "./untilHeard.ts";

/**
 * Makes a user by the authentication service that looks after a server's accounts, and what belongs to them, part by part: one that
 * is refused costs none of the others.
 *
 * @param isOurs a user of that name was asked for before, and nobody has seen the answer
 * @throws what the service says where it has made nobody
 */
export async function createByService(
  mas: MasApi,
  api: AdminApi,
  user: NewUser,
  password: Password | null,
  isOurs: boolean,
): Promise<Creation> {
  const userId = newUserId(api, user);
  const made = await makeUser(mas, user, userId, isOurs);
  if ("refused" in made || "lost" in made) return made;
  const { id } = made;
  const missing: MissingPart[] = [];
  const part = async (name: MissingPart["part"], send: () => Promise<unknown>): Promise<void> => {
    try {
      await send();
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) throw thrown;
      missing.push({ part: name, error: thrown.error });
    }
  };
  if (password !== null) {
    await part("password", () =>
      mas.setPassword(id, password).catch((thrown: unknown) => {
        throw withoutPassword(thrown, password);
      }),
    );
  }
  const serve = (name: MissingPart["part"], send: () => Promise<MasUser>, isSo: (seen: MasUser) => boolean): Promise<void> =>
    part(name, () => sendAndLook(send, () => mas.user(userId), isSo));
  if (user.admin)
    await serve(
      "admin",
      () => mas.setAdmin(id, true),
      ({ admin }) => admin,
    );
  for (const email of user.emails) {
    if (!missing.some(({ part: name }) => name === "emails")) await part("emails", () => addEmail(mas, id, email));
  }
  // Providers have other names there, and a link is made by signing in.
  if (user.externalIds.length > 0) await part("external_ids", () => Promise.reject(fail("not_allowed_by_server")));
  const heard = await untilHeard(
    () => orNull(api.user(userId)),
    (user) => user !== null,
  );
  if (heard === null) return { lost: { kind: "bad_answer", host: api.serverName } };
  let profile = heard;
  const give = async (changes: ServerUserChanges, isSo: (seen: User) => boolean): Promise<void> => {
    profile = await sendAndLook(
      () => api.changeUser(userId, changes),
      () => api.user(userId),
      isSo,
    );
  };
  if (user.userType !== null)
    await part("user_type", () => give({ user_type: user.userType }, ({ userType }) => userType === user.userType));
  if (user.picture !== null) await part("picture", async () => give(await withPicture(api, user), ({ avatarMxc }) => avatarMxc !== null));
  if (user.startsAs === "locked")
    await serve(
      "locked",
      () => mas.change(id, "lock"),
      ({ locked }) => locked,
    );
  if (user.startsAs === "deactivated")
    await serve(
      "deactivated",
      () => deactivate(mas, id),
      ({ deactivated }) => deactivated,
    );
  const has = (name: MissingPart["part"]): boolean => !missing.some(({ part: lacking }) => lacking === name);
  const now = asServiceHas(profile, {
    ...made,
    admin: user.admin && has("admin"),
    locked: user.startsAs === "locked" && has("locked"),
    deactivated: user.startsAs === "deactivated" && has("deactivated"),
  });
  if (user.displayName !== null && now.displayName !== user.displayName) missing.push({ part: "display_name", error: null });
  return { user: now, missing };
}

type Made = MasUser | Exclude<Creation, { missing: MissingPart[] }>;

async function makeUser(mas: MasApi, { username, displayName }: NewUser, userId: string, isOurs: boolean): Promise<Made> {
  const before = await knownToService(mas, userId);
  if (before !== null) return isOurs ? before : { refused: { status: "exists", userId, user: null } };
  try {
    return await mas.create(username, displayName);
  } catch (thrown) {
    if (!(thrown instanceof AppFailure)) throw thrown;
    const { error } = thrown;
    const status = error.kind === "server" ? error.status : 0;
    if (status === 409) return { refused: { status: "exists", userId, user: null } };
    if (status === 400) return { refused: { status: "name_refused", reason: "invalid" } };
    if (!mayBeDoneUnseen(thrown)) throw thrown;
    // There was nobody of that name a moment ago.
    const found = await knownToService(mas, userId).catch(() => null);
    return found ?? { lost: error };
  }
}

/** @throws `not_allowed_by_server` where the service would erase them */
async function deactivate(mas: MasApi, id: string): Promise<MasUser> {
  if (!(await mas.canKeepProfile())) throw fail("not_allowed_by_server");
  return mas.deactivate(id, false);
}

/** What is not there, or cannot be read now, is looked for again. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((thrown: unknown) => {
    if (thrown instanceof AppFailure) return null;
    throw thrown;
  });
}
