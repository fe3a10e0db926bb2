import type { ExternalId, User, UserThreepid } from "../../shared/contract/users.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { sendAndLook } from "../http/lostAnswer.ts";
import type { AdminApi, ServerUserChanges, UserWithContacts } from "./adminApi.ts";
import { externalKey, ownerOf, ownerOfExternalId } from "./contactOwners.ts";
import type { MasApi } from "./mas/masApi.ts";
import { addEmail, knownToService } from "./mas/masUser.ts";
import { untilHeard } from "./mas/untilHeard.ts";

/** One contact that comes, or one that goes. */
export type OneChange<T> = { add: T; remove?: never } | { remove: T; add?: never };

export interface ChangedContacts {
  before: User;
  user: User;
  /** Whether somebody else had changed the contacts since they were seen. Their change is kept. */
  changedMeanwhile: boolean;
}

/** Servers keep email addresses in lower case, and phone numbers as they are sent. */
const threepidKey = ({ medium, address }: { medium: string; address: string }): string =>
  `${medium} ${medium === "email" ? address.trim().toLowerCase() : address}`;

/**
 * Adds an email address or phone number to a user, or takes one off. The server takes the whole list and forgets what is not in
 * it, so it is read right before, and after an answer that is lost or a refusal.
 *
 * @param seen what the person saw
 * @param service looks after the server's accounts: it has the addresses, and no phone numbers
 * @throws `contact_of_other_user`: the server would take it from them without a word; `change_not_taken`; and as `AdminApi` does
 */
export async function changeThreepids(
  api: AdminApi,
  userId: string,
  change: OneChange<UserThreepid>,
  seen: readonly UserThreepid[],
  service: MasApi | null = null,
): Promise<ChangedContacts> {
  if (change.add) {
    const owner = await ownerOf(api, change.add);
    if (owner !== null && owner !== userId)
      throw fail("contact_of_other_user", { contact: change.add.address, userId: owner.slice(0, 300) });
  }
  const masUser = await knownToService(service, userId);
  if (service && masUser) return changeByService(api, service, { userId, id: masUser.id }, change, seen);
  return changeList(api, userId, change, seen, {
    keyOf: threepidKey,
    listed: ({ threepids }) => threepids.map((threepid) => ({ key: threepidKey(threepid), raw: threepid })),
    shown: ({ threepids }) => threepids,
    rawOf: ({ medium, address }) => ({ medium, address: medium === "email" ? address.toLowerCase() : address }),
    body: (threepids) => ({ threepids }),
    field: "threepids",
  });
}

/** Does it there, one by one, and waits until the homeserver has heard of it. @throws `not_allowed_by_server` for a phone number */
async function changeByService(
  api: AdminApi,
  service: MasApi,
  { userId, id }: { userId: string; id: string },
  { add, remove }: OneChange<UserThreepid>,
  seen: readonly UserThreepid[],
): Promise<ChangedContacts> {
  const changed = add ?? remove;
  if (changed.medium !== "email") throw fail("not_allowed_by_server");
  const keysOf = (list: readonly UserThreepid[]): string[] => list.map(threepidKey).sort();
  const before = await api.user(userId);
  const changedMeanwhile = JSON.stringify(keysOf(seen)) !== JSON.stringify(keysOf(before.threepids));
  if (add === undefined) await service.removeEmail(id, changed.address);
  else if (!(await service.hasEmail(id, changed.address))) await addEmail(service, id, changed.address.toLowerCase());
  const isThere = ({ threepids }: User): boolean => keysOf(threepids).includes(threepidKey(changed));
  const user = await untilHeard(
    () => api.user(userId),
    (read) => isThere(read) === (add !== undefined),
  );
  return { before, user, changedMeanwhile };
}

/** The same for whom a provider of single sign-on knows a user as. A server keeps to itself whose an id is, and refuses it. */
export async function changeExternalIds(
  api: AdminApi,
  userId: string,
  change: OneChange<ExternalId>,
  seen: readonly ExternalId[],
): Promise<ChangedContacts> {
  if (change.add) {
    const owner = await ownerOfExternalId(api, change.add);
    if (owner !== null && owner !== userId) throw fail("contact_of_other_user", { contact: change.add.id, userId: owner.slice(0, 300) });
  }
  return changeList(api, userId, change, seen, {
    keyOf: externalKey,
    listed: ({ externalIds }) =>
      externalIds.map((raw) => ({ key: externalKey({ provider: raw.auth_provider, id: raw.external_id }), raw })),
    shown: ({ externalIds }) => externalIds,
    rawOf: ({ provider, id }) => ({ auth_provider: provider, external_id: id }),
    body: (externalIds) => ({ external_ids: externalIds }),
    field: "externalIds",
  });
}

interface ListKind<T> {
  keyOf: (one: T) => string;
  listed: (user: UserWithContacts) => { key: string; raw: object }[];
  shown: (user: User) => readonly T[];
  rawOf: (one: T) => object;
  body: (raw: readonly object[]) => ServerUserChanges;
  field: string;
}

async function changeList<T>(
  api: AdminApi,
  userId: string,
  { add, remove }: OneChange<T>,
  seen: readonly T[],
  kind: ListKind<T>,
): Promise<ChangedContacts> {
  const read = await api.userWithContacts(userId);
  const keysOf = (list: readonly T[]): string => JSON.stringify(list.map(kind.keyOf).sort());
  const changedMeanwhile = keysOf(seen) !== keysOf(kind.shown(read.user));
  const listed = kind.listed(read);
  const key = kind.keyOf((add ?? remove) as T);
  const isThere = listed.some((one) => one.key === key);
  if (isThere === (add !== undefined)) return { before: read.user, user: read.user, changedMeanwhile };
  const kept = listed.filter((one) => one.key !== key).map(({ raw }) => raw);
  const isSo = (user: User): boolean => kind.shown(user).some((one) => kind.keyOf(one) === key) === (add !== undefined);
  const send = (): Promise<User> => api.changeUser(userId, kind.body(add === undefined ? kept : [...kept, kind.rawOf(add)]));
  const user = await sendAndLook(send, () => api.user(userId), isSo).catch(async (thrown: unknown) => {
    if (isFailure(thrown, "server")) await bringBack(api, userId, kept, kind);
    throw thrown;
  });
  if (!isSo(user)) throw fail("change_not_taken", { fields: [kind.field] });
  return { before: read.user, user, changedMeanwhile };
}

/** Servers before Synapse 1.46 lost all external ids where they refused one. Those that were to stay and are gone are sent once more. */
async function bringBack<T>(api: AdminApi, userId: string, kept: readonly object[], kind: ListKind<T>): Promise<void> {
  if (kept.length === 0) return;
  try {
    if (kind.listed(await api.userWithContacts(userId)).length === 0) await api.changeUser(userId, kind.body(kept));
  } catch (thrown) {
    // Why the change failed is told, and what is there now is read again for the screen.
    if (!(thrown instanceof AppFailure)) throw thrown;
  }
}
