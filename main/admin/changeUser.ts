import type { User, UserDetails } from "../../shared/contract/users.ts";
import { fail } from "../../shared/errors.ts";
import { sendAndLook } from "../http/lostAnswer.ts";
import type { AdminApi, ServerUserChanges } from "./adminApi.ts";
import type { MasApi, MasUser } from "./mas/masApi.ts";
import { asServiceHas, knownToService } from "./mas/masUser.ts";

type Changes = { [K in keyof UserDetails]?: UserDetails[K] | undefined };

const namesOf = (changes: Changes): (keyof UserDetails)[] =>
  (Object.keys(changes) as (keyof UserDetails)[]).filter((name) => changes[name] !== undefined);

/** As a form shows it: no name and an empty one are the same. */
function valueOf(user: User, name: keyof UserDetails): UserDetails[keyof UserDetails] {
  return name === "displayName" ? (user.displayName ?? "").trim() : user[name];
}

/**
 * Changes exactly this of a user, in one request, if it still is as it was seen. What the server answers is compared with what
 * was asked: one that does not know a field says nothing about it. Where its answer is lost, the user is read.
 *
 * @param seen what the change was decided on
 * @param service looks after the server's accounts: who is an admin is said there
 * @throws `changed_meanwhile`, `change_not_taken`, `not_allowed_by_server` where somebody would take their own rights, and as
 *   `AdminApi` does
 */
export async function changeUser(
  api: AdminApi,
  userId: string,
  changes: Changes,
  seen: Changes,
  service: MasApi | null = null,
): Promise<{ before: User; user: User }> {
  const names = namesOf(changes);
  const masUser = await knownToService(service, userId);
  const said = await api.user(userId);
  const now = masUser ? asServiceHas(said, masUser) : said;
  if (names.some((name) => seen[name] !== undefined && seen[name] !== valueOf(now, name))) throw fail("changed_meanwhile");
  const needed = names.filter((name) => changes[name] !== valueOf(now, name));
  if (needed.length === 0) return { before: now, user: now };
  // A homeserver lets nobody take their own rights; a service does.
  if (masUser && needed.includes("admin") && userId === api.userId) throw fail("not_allowed_by_server");
  const body: ServerUserChanges = {
    ...(needed.includes("displayName") && { displayname: changes.displayName! }),
    ...(needed.includes("admin") && masUser === null && { admin: changes.admin! }),
    ...(needed.includes("userType") && { user_type: changes.userType! }),
  };
  const notSo = (user: User): (keyof UserDetails)[] => needed.filter((name) => changes[name] !== valueOf(user, name));
  const ofServer = (user: User): boolean => notSo(user).every((name) => masUser !== null && name === "admin");
  let after = said;
  if (Object.keys(body).length > 0)
    after = await sendAndLook(
      () => api.changeUser(userId, body),
      () => api.user(userId),
      ofServer,
    );
  if (service && masUser) {
    const given = (): Promise<MasUser> =>
      sendAndLook(
        () => service.setAdmin(masUser.id, changes.admin!),
        () => service.user(userId),
        ({ admin }) => admin === changes.admin,
      );
    after = asServiceHas(after, needed.includes("admin") ? await given() : masUser);
  }
  const fields = notSo(after);
  if (fields.length > 0) throw fail("change_not_taken", { fields });
  return { before: now, user: after };
}
