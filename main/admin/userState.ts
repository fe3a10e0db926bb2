import type { ActionRefusal, UserAction } from "../../shared/contract/userActions.ts";
import type { UserMediaSum } from "../../shared/contract/userServerData.ts";
import type { User } from "../../shared/contract/users.ts";
import type { AdminApi } from "./adminApi.ts";
import { identityResetPath, shadowBanPath, suspensionPath } from "./userPaths.ts";

/** A list of admins that is longer than so many pages is no list of admins. */
const MAX_PAGES = 100;

/** What would take something from the account that does it. */
const NOT_TO_ONESELF: ReadonlySet<UserAction> = new Set(["help", "reset_password", "lock", "suspend", "shadow_ban", "deactivate", "erase"]);
/** What leaves an admin unable to act. */
const ENDS_ADMIN: ReadonlySet<UserAction> = new Set(["lock", "suspend", "deactivate", "erase"]);
/** What an authentication service would not know of, and undo or contradict. */
export const OF_THE_SERVICE: ReadonlySet<UserAction> = new Set([
  "help",
  "reset_password",
  "lock",
  "unlock",
  "deactivate",
  "erase",
  "reactivate",
]);
/** Nothing brings back what these take. */
export const FOR_GOOD: ReadonlySet<UserAction> = new Set(["erase", "delete_uploads"]);

/** Where an action is sent that not every server has; null for those of which every admin API is made. */
export function endpointOf(action: UserAction, userId: string): readonly string[] | null {
  switch (action) {
    case "suspend":
    case "unsuspend":
      return suspensionPath(userId);
    case "shadow_ban":
    case "lift_shadow_ban":
      return shadowBanPath(userId);
    case "allow_new_identity":
      return identityResetPath(userId);
    default:
      return null;
  }
}

/** What an action is judged by. */
export interface Judged {
  action: UserAction;
  user: User;
  /** The Matrix ID of the account that would do it. */
  actor: string;
  /** Rooms that the user is in; null where that is not known. */
  rooms: number | null;
  /** What they have uploaded; null where that is not known. */
  media: UserMediaSum | null;
  delegated: boolean;
  /** Asked only where it matters. */
  isLastAdmin: () => Promise<boolean>;
}

/** Why an action is not to be had; null where it is. @throws what `isLastAdmin` throws */
export async function refusalOf({ action, user, actor, rooms, media, delegated, isLastAdmin }: Judged): Promise<ActionRefusal | null> {
  if (user.userId === actor && NOT_TO_ONESELF.has(action)) return "oneself";
  // The service does not know the users of bridges.
  if (delegated && user.appserviceId === null && OF_THE_SERVICE.has(action)) return "delegated";
  if (action === "delete_uploads") return media?.count === 0 ? "no_media" : null;
  const wrongState = stateRefusal(action, user, rooms);
  if (wrongState) return wrongState;
  const isActive = user.admin && !user.deactivated && user.locked !== true;
  return ENDS_ADMIN.has(action) && isActive && (await isLastAdmin()) ? "last_admin" : null;
}

/** What is not known of a user, as on older servers, is no reason. */
function stateRefusal(action: UserAction, user: User, rooms: number | null): ActionRefusal | null {
  const already = (is: boolean): ActionRefusal | null => (is ? "already" : null);
  switch (action) {
    case "reactivate":
      return user.deactivated ? null : "not_deactivated";
    case "erase":
      return already(user.erased === true);
    case "deactivate":
      // Done again, it takes leave of rooms that were left over.
      return already(user.deactivated && !(rooms !== null && rooms > 0));
    default:
      if (user.deactivated) return "deactivated";
  }
  switch (action) {
    case "lock":
      return already(user.locked === true);
    case "unlock":
      return already(user.locked === false);
    case "suspend":
      return already(user.suspended === true);
    case "unsuspend":
      return already(user.suspended === false);
    case "shadow_ban":
      return already(user.shadowBanned === true);
    case "lift_shadow_ban":
      return already(user.shadowBanned === false);
    default:
      return null;
  }
}

/** Whether a user is not as they were: then nothing is done to them that was decided before. */
export function hasChanged(before: User, now: User): boolean {
  const kept = ({ admin, deactivated, erased, locked, suspended, shadowBanned, appserviceId }: User): string =>
    JSON.stringify([admin, deactivated, erased, locked, suspended, shadowBanned, appserviceId]);
  return kept(before) !== kept(now);
}

/**
 * Whether nobody but this user is an admin who is neither deactivated nor locked. Older servers list everybody, whatever
 * they are asked for.
 *
 * @throws what the server says: where it is not known, nothing is risked
 */
export async function isLastAdmin(api: AdminApi, userId: string): Promise<boolean> {
  let from: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { rows, next } = await api.users({ admins: "true", deactivated: "false", limit: "100" }, from);
    const isAnother = rows.some((row) => row.admin && !row.deactivated && row.locked !== true && row.userId !== userId);
    if (isAnother) return false;
    if (next === null) return true;
    from = next;
  }
  return true;
}
