import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { PlainJob } from "./jobs.ts";
import { User, UserFilter } from "./users.ts";

/** What the list of users does not carry of one of them. */
export const ContactsOfUser = User.pick({ userId: true, threepids: true, externalIds: true });
export type ContactsOfUser = z.infer<typeof ContactsOfUser>;

/** The contacts of users as they were when each of them was asked about. */
export const CollectedContacts = z.object({
  /** When the last of them was, in milliseconds since 1970. */
  collectedAt: z.number(),
  /** Also those who have none. Who is not among them was not asked about, or not told of. */
  users: z.array(ContactsOfUser),
  /** Of how many the server did not tell. */
  untold: z.number().int().nonnegative(),
});
export type CollectedContacts = z.infer<typeof CollectedContacts>;

const one = z.object({ accountId: AccountId });
const answer = z.object({ contacts: CollectedContacts.nullable() });

/** Emails, phones and external ids for the list of users. They are personal: no file has them, and they are gone when the app ends. */
export const userContacts = domain({
  requests: {
    /** As they were collected last; null before that. Asks nobody. */
    get: request(one, answer, []),
    /** Begins a Job that asks about everybody who passes the filter. What it finds takes the place of what there was. */
    collect: request(one.extend({ filter: UserFilter }), z.object({ job: PlainJob }), ANY_ADMIN),
  },
  events: { changed: one.extend(answer.shape) },
});
