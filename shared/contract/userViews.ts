import * as z from "zod";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { FILES_HERE } from "./errorKinds.ts";
import { UserFilter } from "./users.ts";

/** What the list of users tells of each, besides who it is. */
export const UserListColumn = z.enum(["states", "userType", "createdAt", "lastSeenAt", "emails", "phones", "externalIds"]);
export type UserListColumn = z.infer<typeof UserListColumn>;

const Columns = z.array(UserListColumn).max(10);
const Name = z.string().trim().min(1).max(60);

/** A way to look at the list of users, under a name. */
export const SavedView = z.object({
  id: ConversationId,
  name: Name,
  /** The account whose list it is for; null for those of all servers. */
  accountId: AccountId.nullable(),
  filter: UserFilter,
  columns: Columns,
});
export type SavedView = z.infer<typeof SavedView>;

/** What an account's list can be looked at with. */
export const UserViews = z.object({ views: z.array(SavedView).max(200), columns: Columns });
export type UserViews = z.infer<typeof UserViews>;

const one = z.object({ accountId: AccountId });

/** How the lists of users are looked at. It is kept on this computer. All throw `data_too_new`, `file_failed`. */
export const userViews = domain({
  requests: {
    /** The views of this account and of all servers, by name; and the columns that were chosen last, for every list. */
    list: request(one, UserViews, FILES_HERE),
    setColumns: request(one.extend({ columns: Columns }), UserViews, FILES_HERE),
    /** Keeps a view, in place of one of the same name for the same lists. Throws `invalid_input` where there are as many as are kept. */
    save: request(one.extend({ name: Name, everywhere: z.boolean(), filter: UserFilter, columns: Columns }), UserViews, FILES_HERE),
    /** Removes one. One that is gone is no error. */
    remove: request(one.extend({ id: ConversationId }), UserViews, FILES_HERE),
  },
  events: {},
});
