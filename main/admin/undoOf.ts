import type { LoggedAction, LoggedChange } from "../../shared/contract/actionLog.ts";
import type { UserAction } from "../../shared/contract/userActions.ts";
import type { ExternalId, UserDetails, UserThreepid } from "../../shared/contract/users.ts";
import { ID_FOLLOWS, MAX_VALUE } from "./changesOfUser.ts";

/** What brings back what was before an action. */
export type Undo =
  | { kind: "action"; action: UserAction }
  | { kind: "details"; changes: Partial<UserDetails>; seen: Partial<UserDetails> }
  | { kind: "threepid"; way: "add" | "remove"; threepid: UserThreepid }
  | { kind: "externalId"; way: "add" | "remove"; externalId: ExternalId };

const OPPOSITES: Readonly<Record<string, UserAction>> = { lock: "unlock", suspend: "unsuspend", shadow_ban: "lift_shadow_ban" };

/** What undoes something that was done to a user; null where nothing does, and where what was before is not known whole. */
export function undoOf({ id, action, result, undone, changes = [] }: LoggedAction): Undo | null {
  if (id === undefined || result !== "done" || undone === true) return null;
  const opposite = OPPOSITES[action];
  if (opposite !== undefined) return { kind: "action", action: opposite };
  const isCut = changes.some(({ before, after }) => Math.max(before?.length ?? 0, after?.length ?? 0) >= MAX_VALUE);
  if (isCut || changes.length === 0) return null;
  if (action === "change_user") return undoDetails(changes);
  const [only, ...others] = changes;
  const isContact = action === "add_contact" || action === "remove_contact";
  return isContact && only !== undefined && others.length === 0 ? undoContact(only) : null;
}

function undoDetails(all: readonly LoggedChange[]): Undo | null {
  const changes: Partial<UserDetails> = {};
  const seen: Partial<UserDetails> = {};
  for (const { field, before, after } of all) {
    if (field === "displayName") [changes.displayName, seen.displayName] = [before ?? "", after ?? ""];
    else if (field === "admin") [changes.admin, seen.admin] = [before === "true", after === "true"];
    else if (field === "userType") [changes.userType, seen.userType] = [before, after];
    else return null;
  }
  return { kind: "details", changes, seen };
}

function undoContact({ field, before, after }: LoggedChange): Undo | null {
  const value = before ?? after;
  if (value === null || (before !== null && after !== null)) return null;
  const way = before === null ? "remove" : "add";
  if (field === "email") return { kind: "threepid", way, threepid: { medium: "email", address: value } };
  if (field === "phone") return { kind: "threepid", way, threepid: { medium: "msisdn", address: value } };
  const at = value.indexOf(ID_FOLLOWS);
  if (field !== "externalId" || at < 1) return null;
  return { kind: "externalId", way, externalId: { provider: value.slice(0, at), id: value.slice(at + ID_FOLLOWS.length) } };
}
