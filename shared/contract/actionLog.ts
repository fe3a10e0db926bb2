import * as z from "zod";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE } from "./errorKinds.ts";

/** One thing that an action changed, as text; null for none, and for what the server does not say. Never a secret. */
export const LoggedChange = z.object({
  field: z.string().max(100),
  before: z.string().max(300).nullable(),
  after: z.string().max(300).nullable(),
});
export type LoggedChange = z.infer<typeof LoggedChange>;

/** Something that an admin did to a server from this computer. Nothing secret is in it. */
export const LoggedAction = z.object({
  /** Absent where an earlier version wrote it. */
  id: ConversationId.optional(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** The Matrix ID of the account that did it. */
  actor: z.string().max(255),
  /** The Matrix ID or the registration token that it was done to, shortened where it is a token. */
  target: z.string().max(255),
  action: z.string().max(50),
  /** `begun`: the app ended before there was a result. */
  result: z.enum(["begun", "done", "failed", "unknown"]),
  /** What kind of failure it was, and what the server said. */
  detail: z.string().max(200).nullable(),
  /** What is otherwise since; absent where nobody looked. */
  changes: z.array(LoggedChange).max(20).optional(),
  /** Whether it was undone from here. */
  undone: z.boolean().optional(),
});
export type LoggedAction = z.infer<typeof LoggedAction>;

/** One as the page shows it. */
export const ListedAction = LoggedAction.extend({ canUndo: z.boolean() });
export type ListedAction = z.infer<typeof ListedAction>;

const one = z.object({ accountId: AccountId });

export const actionLog = domain({
  requests: {
    /** What was done to the account's server, by whichever account. The last comes first. */
    list: request(one, z.object({ actions: z.array(ListedAction) }), [...FILES_HERE, "no_such_account"]),
    /** Asks where, then writes the same into a CSV file. False when the person chose no place. */
    save: request(one, z.object({ saved: z.boolean() }), [...FILES_HERE, "no_such_account"]),
    /**
     * Brings back what was before an action, where the user still is as it left them. `already`: it was so; `refused`: it cannot be done
     * to this user; `unknown`: the answer was lost. Throws `conversation_over` for what cannot be undone, `changed_meanwhile`,
     * `contact_of_other_user`, and what the server says.
     */
    undo: request(one.extend({ id: ConversationId }), z.object({ outcome: z.enum(["undone", "already", "refused", "unknown"]) }), [
      ...ANY_ADMIN,
      "change_not_taken",
      "changed_meanwhile",
      "contact_of_other_user",
      "conversation_over",
      "not_allowed_by_server",
      "not_confirmed",
      "password_refused",
    ]),
  },
  events: {},
});
