import type { LoggedChange } from "../../shared/contract/actionLog.ts";
import type { ExternalId, User } from "../../shared/contract/users.ts";

const FIELDS = ["displayName", "admin", "userType", "locked", "suspended", "shadowBanned", "deactivated", "erased"] as const;
/** What is longer is cut off, and nobody can bring it back from here. */
export const MAX_VALUE = 300;
const MAX_CHANGES = 20;

/** A value as it is written down; null for none, and for what the server does not say. */
export const loggedValue = (value: string | number | boolean | null): string | null =>
  value === null || value === "" ? null : String(value).slice(0, MAX_VALUE);

/**
 * What is otherwise of a user, field by field: what an action has changed. A contact that came has no value before, one that went none
 * after. Nothing of it is secret.
 */
export function changesOfUser(before: User, after: User): LoggedChange[] {
  const fields = FIELDS.map((field) => ({ field, before: loggedValue(before[field]), after: loggedValue(after[field]) }));
  const changed = fields.filter((one) => one.before !== one.after);
  const contacts = [
    ...listChanges("email", addresses(before, "email"), addresses(after, "email")),
    ...listChanges("phone", addresses(before, "msisdn"), addresses(after, "msisdn")),
    ...listChanges("externalId", before.externalIds.map(nameOf), after.externalIds.map(nameOf)),
  ];
  return [...changed, ...contacts].slice(0, MAX_CHANGES);
}

/** What stands between the provider and the id that it knows somebody by. */
export const ID_FOLLOWS = ": ";
const nameOf = ({ provider, id }: ExternalId): string => `${provider}${ID_FOLLOWS}${id}`;

const addresses = ({ threepids }: User, medium: "email" | "msisdn"): string[] =>
  threepids.filter((one) => one.medium === medium).map(({ address }) => address);

function listChanges(field: "email" | "phone" | "externalId", before: readonly string[], after: readonly string[]): LoggedChange[] {
  const gone = before.filter((one) => !after.includes(one)).map((one) => ({ field, before: loggedValue(one), after: null }));
  const come = after.filter((one) => !before.includes(one)).map((one) => ({ field, before: null, after: loggedValue(one) }));
  return [...gone, ...come];
}
