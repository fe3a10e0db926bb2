import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId, UserId } from "../ids.ts";
import { MAX_OFFBOARDED } from "../personSearch.ts";
import { BulkAction, BulkDraftRow } from "./bulk.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE } from "./errorKinds.ts";
import { UserRow } from "./users.ts";

/** What can be done with the accounts of somebody who leaves. */
export const OffboardingAction = BulkAction.extract(["lock", "suspend", "deactivate", "erase"]);
export type OffboardingAction = z.infer<typeof OffboardingAction>;

/** Why somebody may be who is looked for. `contact`: has the email address, phone number or external id. `similar`: has it in a name. */
export const FoundBy = z.enum(["user_name", "display_name", "contact", "similar"]);
export type FoundBy = z.infer<typeof FoundBy>;

/** Somebody on one server who may be the person. */
export const FoundAccount = z.object({ user: UserRow, by: z.array(FoundBy).max(4) });
export type FoundAccount = z.infer<typeof FoundAccount>;

/** What would be done on one server. */
export const OffboardingServer = z.object({
  /** The admin account that would do it. */
  accountId: AccountId,
  serverName: z.string().max(255),
  status: z.enum(["checking", "ready", "failed"]),
  /** Why it could not be found out, or not be begun. */
  error: AppError.nullable(),
  rows: z.array(BulkDraftRow).max(MAX_OFFBOARDED),
  ready: z.number().int().nonnegative(),
});
export type OffboardingServer = z.infer<typeof OffboardingServer>;

/** The accounts of one person on several servers, and what would be done with each, before anything is. There is one at most. */
export const OffboardingDraft = z.object({
  draftId: ConversationId,
  action: OffboardingAction,
  servers: z.array(OffboardingServer).max(MAX_OFFBOARDED),
});
export type OffboardingDraft = z.infer<typeof OffboardingDraft>;

const draftOrNull = z.object({ draft: OffboardingDraft.nullable() });
const oneDraft = z.object({ draftId: ConversationId });

/** Ends the accounts of one person on all servers that accounts here are admins of: one question, one Job for each server, one report. */
export const offboarding = domain({
  requests: {
    /**
     * Who on an account's server may be the person, those who match best first. A whole Matrix ID of another server is looked for by
     * its user name. Throws as `users.list` does.
     */
    find: request(
      z.object({ accountId: AccountId, terms: z.array(z.string().trim().min(1).max(500)).min(1).max(10) }),
      z.object({ found: z.array(FoundAccount).max(1000), more: z.boolean() }),
      ANY_ADMIN,
    ),
    draft: request(z.object({}), draftOrNull, []),
    /**
     * Begins to find out what would be done: `draftChanged` tells. A server that can't be asked stops none of the others. Throws
     * `not_own_server`, and `invalid_input` where somebody is named twice.
     */
    prepare: request(
      z.object({
        action: OffboardingAction,
        users: z
          .array(z.object({ accountId: AccountId, userId: UserId }))
          .min(1)
          .max(MAX_OFFBOARDED),
      }),
      z.object({ draft: OffboardingDraft }),
      ["no_such_account", "not_own_server"],
    ),
    /** Looks again at the accounts on a server that could not be asked, or where nothing could be begun. Throws `conversation_over`. */
    lookAgain: request(oneDraft.extend({ accountId: AccountId }), z.object({ draft: OffboardingDraft }), ["conversation_over"]),
    dropDraft: request(oneDraft, z.object({}), ["conversation_over"]),
    /**
     * Begins a Job on each of these servers, which have been looked at; each user is looked at again right before. The other servers
     * stay in the draft, and those where none could be begun, with the error; begun later, they belong to the same report. `typed`: to
     * erase, the number of accounts. Throws `conversation_over`, `nothing_to_do`, `not_confirmed`.
     */
    start: request(
      oneDraft.extend({ accountIds: z.array(AccountId).min(1).max(MAX_OFFBOARDED), typed: z.string().max(20).optional() }),
      z.object({ jobIds: z.array(ConversationId).max(MAX_OFFBOARDED) }),
      ["conversation_over", "not_confirmed", "nothing_to_do"],
    ),
    /** Asks where, then writes a CSV with what came of each account on each server. False when the person chose no place. */
    saveReport: request(z.object({ batchId: ConversationId }), z.object({ saved: z.boolean() }), [...FILES_HERE, "conversation_over"]),
  },
  events: { draftChanged: draftOrNull },
});
