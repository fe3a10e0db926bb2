import type { BulkField } from "../../../../shared/contract/bulk.ts";
import { fail } from "../../../../shared/errors.ts";
import type { AdminApi, ServerUserChanges, UserWithContacts } from "../../adminApi.ts";
import type { MasApi } from "../../mas/masApi.ts";
import { asServiceHas } from "../../mas/masUser.ts";
import type { PatientApi } from "../patientApi.ts";
import { CHANGE_MS } from "./settle.ts";

/** A user who is to be changed. */
export interface UserToChange extends UserWithContacts {
  /** What the authentication service that looks after them calls them; null where none does. */
  masId: string | null;
}

/** A service keeps no phone numbers, and links somebody to a provider when they sign in by that. */
const NOT_BY_SERVICE: ReadonlySet<BulkField> = new Set(["phones", "external_ids"]);

/** What can be changed of a user. */
export const changeableOf = ({ masId }: UserToChange, fields: readonly BulkField[]): BulkField[] =>
  fields.filter((field) => masId === null || !NOT_BY_SERVICE.has(field));

/** A user with their contacts, by the word of the service where one looks after them; null where there is no such user. */
export async function userToChange(api: PatientApi, userId: string): Promise<UserToChange | null> {
  const there = await api.readOrNull((admin) => admin.userWithContacts(userId));
  const masUser = there && (await api.masUser(userId));
  const { mas } = api;
  if (!there || !masUser || !mas) return there && { ...there, masId: null };
  const emails = await api.read(() => mas.emails(masUser.id));
  const others = there.threepids.filter(({ medium }) => medium !== "email");
  return {
    ...there,
    masId: masUser.id,
    user: asServiceHas(there.user, masUser),
    threepids: [...others, ...emails.map((address) => ({ medium: "email", address }))],
  };
}

/**
 * Changes a user, the service's part by the service and the profile at the homeserver. All of it can be sent again.
 *
 * @param body what a homeserver without such a service would be sent
 * @param emails all that the user is to have; null where that is not to be changed
 */
export async function sendChange(
  admin: AdminApi,
  mas: MasApi | null,
  { user: { userId }, masId }: UserToChange,
  { threepids, external_ids: externalIds, admin: isAdmin, ...profile }: ServerUserChanges,
  emails: readonly string[] | null,
): Promise<void> {
  if (masId === null || mas === null) {
    const listed = { ...(threepids && { threepids }), ...(externalIds && { external_ids: externalIds }) };
    await admin.changeUser(userId, { ...profile, ...(isAdmin !== undefined && { admin: isAdmin }), ...listed }, CHANGE_MS);
    return;
  }
  if (externalIds) throw fail("not_allowed_by_server");
  if (Object.keys(profile).length > 0) await admin.changeUser(userId, profile, CHANGE_MS);
  if (isAdmin !== undefined) await mas.setAdmin(masId, isAdmin);
  if (emails !== null) await setEmails(mas, masId, emails);
}

/** One by one: those that come first, so that nobody is without any in between. */
async function setEmails(mas: MasApi, id: string, wanted: readonly string[]): Promise<void> {
  const lower = wanted.map((email) => email.toLowerCase());
  const has = (await mas.emails(id)).map((email) => email.toLowerCase());
  for (const email of lower) if (!has.includes(email)) await mas.addEmail(id, email);
  for (const email of has) if (!lower.includes(email)) await mas.removeEmail(id, email);
}
