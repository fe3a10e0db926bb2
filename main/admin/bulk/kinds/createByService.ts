import { type AppError, fail } from "../../../../shared/errors.ts";
import type { User } from "../../../../shared/contract/users.ts";
import { redactingPassword } from "../../../http/passwordRefusal.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import type { AdminApi } from "../../adminApi.ts";
import type { MasApi, MasUser } from "../../mas/masApi.ts";
import type { AtWork } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { localpartOf } from "../resultCells.ts";
import { done, refused, skipped, unknown } from "../rowEnds.ts";
import { findTakenContact } from "../takenContacts.ts";
import { deactivate } from "./deactivateUsers.ts";
import { CLOCKS_MS, existing, MAX_TRIES, type NewUserRow } from "./newUserRow.ts";

/** Makes a user by the authentication service that looks after a server's accounts, and then whatever the row says of them. */
export async function createByService(api: PatientApi, mas: MasApi, user: NewUserRow, progress: AtWork): Promise<RowEnd> {
  const made = await makeUser(api, mas, user, progress);
  if ("outcome" in made) return made;
  const { id } = made;
  const missing: string[] = [];
  let refusal: AppError | null = null;
  /** What was sent last for a part that nobody can see, and was not answered. */
  let unseen: AppError | null = null;
  /**
   * Done again where the answer was lost: nothing of it does harm twice.
   *
   * @param isSo reads whether it was done, where an answer was lost; null where nobody can see it
   */
  const give = async (name: string, send: (admin: AdminApi) => Promise<unknown>, isSo: (() => Promise<boolean>) | null): Promise<void> => {
    let lost: AppError | null = null;
    for (let tried = 1; ; tried += 1) {
      const sent = await api.write(send);
      if (sent.kind === "answered") return;
      if (sent.kind === "lost") lost = sent.error;
      if (sent.kind === "lost" && tried < MAX_TRIES) continue;
      if (lost !== null && isSo === null) return void (unseen = lost);
      if (lost !== null && (await isSo?.())) return;
      missing.push(name);
      refusal = sent.error;
      return;
    }
  };
  const now = (isSo: (masUser: MasUser) => boolean) => async (): Promise<boolean> => {
    const masUser = await api.masUser(user.userId);
    return masUser !== null && isSo(masUser);
  };
  const has = (isSo: (there: User) => boolean) => async (): Promise<boolean> => {
    const there = await api.user(user.userId);
    return there !== null && isSo(there);
  };
  await give("password", () => redactingPassword(user.password, mas.setPassword(id, user.password)), null);
  if (user.admin === true)
    await give(
      "admin",
      () => mas.setAdmin(id, true),
      now(({ admin }) => admin),
    );
  for (const { medium, address } of user.threepids) {
    await give(
      "threepids",
      async () => {
        if (medium !== "email") throw fail("not_allowed_by_server");
        if (!(await mas.hasEmail(id, address))) await mas.addEmail(id, address);
      },
      () => api.read(() => mas.hasEmail(id, address)),
    );
  }
  // Providers have other names there, and a link is made by signing in.
  if (user.externalIds.length > 0) await give("external_ids", () => Promise.reject(fail("not_allowed_by_server")), null);
  const heard = await api.untilHeard(
    () => api.user(user.userId),
    (there) => there !== null,
  );
  if (heard === null) return unknown("still_running", null);
  if (user.displayName !== null && heard.displayName !== user.displayName) missing.push("displayname");
  const { avatarUrl, userType } = user;
  if (avatarUrl !== null)
    await give(
      "avatar_url",
      (admin) => admin.changeUser(user.userId, { avatar_url: avatarUrl }),
      has(({ avatarMxc }) => avatarMxc === avatarUrl),
    );
  if (userType !== null)
    await give(
      "user_type",
      (admin) => admin.changeUser(user.userId, { user_type: userType }),
      has((there) => there.userType === userType),
    );
  if (user.deactivated) {
    const end = await deactivate(api, user.userId, false);
    if (end.outcome !== "done") missing.push("deactivated");
    refusal = end.error ?? refusal;
  } else if (user.locked)
    await give(
      "locked",
      () => mas.change(id, "lock"),
      now(({ locked }) => locked),
    );
  if (unseen !== null) return { ...unknown(null, unseen), names: [...new Set(missing)] };
  if (missing.length === 0) return done;
  return {
    outcome: "incomplete",
    reason: "fields_missing",
    names: [...new Set(missing)],
    error: refusal,
    count: null,
    madePassword: false,
  };
}

async function makeUser(api: PatientApi, mas: MasApi, user: NewUserRow, { begunAt, begin }: AtWork): Promise<MasUser | RowEnd> {
  const { userId } = user;
  let made = await api.masUser(userId);
  const there = made ?? (await api.user(userId));
  if (there !== null && begunAt === null) return existing(there);
  // Somebody else made a user of that name meanwhile.
  if (made?.createdAt != null && begunAt !== null && made.createdAt < begunAt - CLOCKS_MS) return existing(made);
  if (made !== null) return made;
  const taken = await findTakenContact(api, user);
  if (taken !== null) return taken;
  if (begunAt === null) await begin();
  let lost: AppError | null = null;
  for (let tried = 1; made === null; tried += 1) {
    const sent = await api.write(() => mas.create(localpartOf(userId), user.displayName));
    if (sent.kind === "refused") {
      // One whose answer was lost has been made meanwhile.
      made = lost === null ? null : await api.masUser(userId);
      if (made !== null) break;
      return isTaken(sent.error) ? { ...skipped("exists_now"), outcome: "failed" } : refused(sent.error, lost, begunAt);
    }
    made = sent.kind === "answered" ? sent.value : await api.masUser(userId);
    if (sent.kind === "lost") lost = sent.error;
    // The service may be at it still.
    if (made === null && lost !== null && tried >= MAX_TRIES) return unknown(null, lost);
  }
  return made;
}

const isTaken = (error: AppError): boolean => error.kind === "server" && error.status === 409;
