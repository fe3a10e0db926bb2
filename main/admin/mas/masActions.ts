import type { ActionRefusal, ActionResult, UserAction } from "../../../shared/contract/userActions.ts";
import type { User } from "../../../shared/contract/users.ts";
import { AppFailure, isFailure } from "../../../shared/errors.ts";
import type { Password } from "../../../shared/secret.ts";
import { sendOnce } from "../../http/lostAnswer.ts";
import { redactingPassword } from "../../http/passwordRefusal.ts";
import type { AdminApi } from "../adminApi.ts";
import { DONE, giveName, helpLockedOut, unknown } from "../userActionRequests.ts";
import type { MasApi, MasUser } from "./masApi.ts";
import { asServiceHas } from "./masUser.ts";
import { untilHeard } from "./untilHeard.ts";

/** How the authentication service that looks after a server's accounts stands to an action on one of them. */
export type ServiceView =
  /** It has nothing to do with it. */
  { kind: "none" } | { kind: "known"; mas: MasApi; masUser: MasUser } | { kind: "refused"; refusal: ActionRefusal };

/** Asks the service for a user, and whether it lets this account do something to them. @throws where it could not be asked now */
export async function askService(mas: MasApi, userId: string, action: UserAction): Promise<ServiceView> {
  try {
    const masUser = await mas.user(userId);
    if (action === "deactivate" && !(await mas.canKeepProfile())) return { kind: "refused", refusal: "service_too_old" };
    return { kind: "known", mas, masUser };
  } catch (thrown) {
    if (isFailure(thrown, "forbidden")) return { kind: "refused", refusal: "service_scope" };
    const isNone = isFailure(thrown, "admin_api_not_exposed") || isFailure(thrown, "admin_api_lacks") || isFailure(thrown, "not_found");
    if (isNone) return { kind: "refused", refusal: "delegated" };
    throw thrown;
  }
}

/** A user as the service has them, where it has to do with them. */
export const asViewed = (user: User, view: ServiceView): User => (view.kind === "known" ? asServiceHas(user, view.masUser) : user);

interface Wanted {
  signOutSessions: boolean;
  allowIdentityReset: boolean;
  displayName: string | null;
}

/** Does to a user, by way of the service, what the homeserver leaves to it. @throws what the service says where it has not done it */
export async function actByService(
  view: Extract<ServiceView, { kind: "known" }>,
  api: AdminApi,
  userId: string,
  action: UserAction,
  password: Password | null,
  wanted: Wanted,
): Promise<ActionResult> {
  const { mas, masUser } = view;
  const { id } = masUser;
  const settled = (send: () => Promise<unknown>, isSo: (now: MasUser) => boolean): Promise<ActionResult> =>
    settle(mas, api, userId, send, isSo);
  const reset = (): Promise<ActionResult> => setPassword(mas, api, userId, id, password!, wanted.signOutSessions);
  const unlock = (): Promise<ActionResult> =>
    settled(
      () => mas.change(id, "unlock"),
      ({ locked }) => !locked,
    );
  switch (action) {
    case "help":
      return helpLockedOut(
        api,
        userId,
        { ...(password !== null && { reset }), ...(masUser.locked && { unlock }) },
        wanted.allowIdentityReset,
      );
    case "reset_password":
      return reset();
    case "lock":
      return settled(
        () => mas.change(id, "lock"),
        ({ locked }) => locked,
      );
    case "unlock":
      return unlock();
    case "deactivate":
    case "erase":
      return settled(
        () => mas.deactivate(id, action === "erase"),
        ({ deactivated }) => deactivated,
      );
    case "reactivate": {
      const result = await settled(
        () => mas.change(id, "reactivate"),
        ({ deactivated }) => !deactivated,
      );
      if (result.status !== "done") return result;
      const set = password === null ? result : await setPassword(mas, api, userId, id, password, false);
      if (set.status !== "done") return set;
      // The profile is the homeserver's, for those of whom it has heard by then that they are active.
      const heard = await untilHeard(
        () => api.user(userId).catch(() => null),
        (user) => user?.deactivated === false,
      );
      const { user, nameLost } = await giveName(api, userId, wanted.displayName, heard);
      return { ...result, user: user && asServiceHas(user, { ...masUser, deactivated: false }), nameLost };
    }
    default:
      throw new Error(`the authentication service does not ${action}`);
  }
}

/** Sends something, and reads what the service has then. */
async function settle(
  mas: MasApi,
  api: AdminApi,
  userId: string,
  send: () => Promise<unknown>,
  isSo: (now: MasUser) => boolean,
): Promise<ActionResult> {
  const lost = await sendOnce(send);
  const [masUser, known] = await Promise.all([mas.user(userId).catch(() => null), api.user(userId).catch(() => null)]);
  const user = known && masUser ? asServiceHas(known, masUser) : known;
  if (masUser !== null && isSo(masUser)) return { ...DONE, user };
  if (lost !== null) return masUser === null ? unknown(lost) : { status: "still_running", error: lost };
  return masUser !== null && user !== null ? { status: "without_effect", user } : { ...DONE, user };
}

/** The service ends no session by a new password: those are ended one by one, after it. */
async function setPassword(
  mas: MasApi,
  api: AdminApi,
  userId: string,
  id: string,
  password: Password,
  signOutSessions: boolean,
): Promise<ActionResult> {
  const lost = await sendOnce(() => redactingPassword(password, mas.setPassword(id, password)));
  if (lost) return unknown(lost);
  let sessionsLeft = false;
  if (signOutSessions) {
    sessionsLeft = await mas.endSessions(id).then(
      () => false,
      (thrown: unknown) => {
        if (!(thrown instanceof AppFailure)) throw thrown;
        return true;
      },
    );
  }
  return { ...DONE, sessionsLeft, user: await api.user(userId).catch(() => null) };
}
