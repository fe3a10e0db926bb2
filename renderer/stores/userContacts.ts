import type { CollectedContacts } from "../../shared/contract/userContacts.ts";
import type { User } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** What the list of each account's server does not carry, as it was collected last. Main tells of every change. */
export const userContacts = createLoaded<{ readonly contacts: CollectedContacts | null }>((accountId) =>
  steward.userContacts.get({ accountId }),
);

/** Takes in a user as they are now, where what there was of them was collected. */
export function contactsChanged(accountId: AccountId, { userId, threepids, externalIds }: User): void {
  const contacts = userContacts.get(accountId).answer?.contacts;
  if (!contacts?.users.some((user) => user.userId === userId)) return;
  const users = contacts.users.map((user) => (user.userId === userId ? { userId, threepids, externalIds } : user));
  userContacts.set(accountId, { contacts: { ...contacts, users } });
}
