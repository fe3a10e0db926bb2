import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { BulkAction, BulkColumns, BulkDraft, BulkFieldChange, UserColumn, UserRowProblem } from "./bulk.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE } from "./errorKinds.ts";

/**
 * How a server differs from the list. `missing`: on the list, and not on the server. `extra`: on the server, and not on the list or
 * gone by it. `different`: another name, contact or right than the list says. `inactive`: on the list, and unable to sign in, or not
 * seen for long. `unusable`: rows of the list that could not be compared.
 */
export const StaffGroup = z.enum(["missing", "extra", "different", "inactive", "unusable"]);
export type StaffGroup = z.infer<typeof StaffGroup>;

/**
 * Why somebody is in a group, where it does not say all. Of `extra`: `not_listed`; `gone`: the list says so; and why they are not
 * chosen at first: an admin, already locked, one of the accounts here; `not_told`: the server doesn’t say whether they belong to a
 * bridge. Of `inactive`: how they are so.
 */
export const StaffReason = z.enum([
  "not_listed",
  "gone",
  "own_account",
  "admin",
  "already_locked",
  "not_told",
  "deactivated",
  "erased",
  "locked",
  "not_seen",
]);
export type StaffReason = z.infer<typeof StaffReason>;

/** Somebody who differs. */
export const StaffDifference = z.object({
  /** The place in the group, from 1. */
  number: z.number().int().positive(),
  /** The row of the file; null for somebody who is on none. */
  line: z.number().int().positive().nullable(),
  /** The Matrix ID, or what stands in its place. */
  name: z.string().max(300),
  displayName: z.string().max(1000).nullable(),
  reason: StaffReason.nullable(),
  /** Of `different`. */
  changes: z.array(BulkFieldChange).max(10),
  /** Of `unusable`: what is wrong with the row, or what the server said. */
  problem: UserRowProblem.nullable(),
  error: AppError.nullable(),
  /** Milliseconds since 1970; null where it is not known. */
  lastSeenAt: z.number().nullable(),
  /** Whether a Job would be about them; null where none can be. */
  chosen: z.boolean().nullable(),
});
export type StaffDifference = z.infer<typeof StaffDifference>;

/** What can be done about those of a group who are chosen. */
export const StaffOffer = z.object({
  group: StaffGroup,
  action: BulkAction.extract(["create", "change", "lock", "unlock", "deactivate", "reactivate"]),
  count: z.number().int().nonnegative(),
});
export type StaffOffer = z.infer<typeof StaffOffer>;

/** What was found out about one server. */
export const StaffResult = z.object({
  /** Milliseconds since 1970. */
  comparedAt: z.number(),
  counts: z.record(StaffGroup, z.number().int().nonnegative()),
  /** Who is on the server as the list says. */
  same: z.number().int().nonnegative(),
  /** Bots, guests and users of bridges, who are on no list of staff. */
  leftOut: z.number().int().nonnegative(),
  /** Whether everybody on the list could be told: else nobody who is not on it is chosen at first. */
  allRead: z.boolean(),
  /** Whether names alone were compared: an authentication service keeps the rest. */
  namesOnly: z.boolean(),
  offers: z.array(StaffOffer).max(10),
});
export type StaffResult = z.infer<typeof StaffResult>;

const MAX_SERVERS = 100;
const MAX_PAGE = 200;
const MAX_ROWS = 200_000;

/** One server, and how far it has been compared. */
export const StaffServer = z.object({
  /** The admin account that asks it. */
  accountId: AccountId,
  serverName: z.string().max(255),
  /** How many rows name this server. */
  listed: z.number().int().nonnegative(),
  status: z.enum(["waiting", "comparing", "compared", "failed"]),
  /** How many users have been read; without a total, of the list. */
  progress: z.object({ done: z.number().int(), total: z.number().int().nullable() }),
  error: AppError.nullable(),
  result: StaffResult.nullable(),
  /** Grows whenever somebody is chosen, or not any more. */
  revision: z.number().int().nonnegative(),
});
export type StaffServer = z.infer<typeof StaffServer>;

/** A list of staff, beside the servers that it is held against. There is one at most, and nothing of it is written down. */
export const StaffList = z.object({
  listId: ConversationId,
  fileName: z.string().max(1024),
  columns: BulkColumns,
  rows: z.number().int().nonnegative(),
  /** Rows that name no server: they count for each that the list is held against. */
  withoutServer: z.number().int().nonnegative(),
  /** Rows that cannot be used. */
  unusable: z.number().int().nonnegative(),
  /** Servers that the list names, and no account here is an admin of; those with most rows first. */
  elsewhere: z.array(z.object({ serverName: z.string().max(300), rows: z.number().int().positive() })).max(20),
  /** How many such servers there are, and rows for them, with those that are not named here. */
  elsewhereServers: z.number().int().nonnegative(),
  elsewhereRows: z.number().int().nonnegative(),
  /** Columns of the file that are not used. */
  unused: z.array(z.string().max(100)).max(200),
  servers: z.array(StaffServer).max(MAX_SERVERS),
});
export type StaffList = z.infer<typeof StaffList>;

const listOrNull = z.object({ list: StaffList.nullable() });
const oneList = z.object({ listId: ConversationId });
const oneServer = oneList.extend({ accountId: AccountId });
const accountIds = z.array(AccountId).min(1).max(MAX_SERVERS);

/** Holds a list of the people who should be there against the users of several servers. Comparing changes nothing. */
export const staffList = domain({
  requests: {
    get: request(z.object({}), listOrNull, []),
    /**
     * Asks for a CSV file, and reads it in place of the one before. The rows are empty where it is not clear which column says who is
     * meant. Null when the person chose no file. Throws as `bulk.chooseFile` does.
     *
     * `accountIds`: one admin account for each server.
     */
    chooseFile: request(z.object({ accountIds }), listOrNull, [
      ...FILES_HERE,
      "no_such_account",
      "csv_without_users",
      "too_large",
      "bad_answer",
    ]),
    /** Says what the columns are, and reads the file again. It is remembered for other files with the same first row. */
    setColumns: request(oneList.extend({ columns: z.array(UserColumn.nullable()).max(200), hasHeader: z.boolean() }), listOrNull, [
      ...FILES_HERE,
      "conversation_over",
      "csv_without_users",
      "too_large",
    ]),
    /**
     * Begins to hold the list against these servers: `changed` tells. A server that can't be asked stops none of the others.
     *
     * `unseenDays`: after how many days somebody counts as inactive.
     */
    compare: request(oneList.extend({ accountIds, unseenDays: z.number().int().min(1).max(3650) }), listOrNull, ["conversation_over"]),
    /** Stops one that is under way. */
    stop: request(oneServer, listOrNull, ["conversation_over"]),
    rows: request(
      oneServer.extend({ group: StaffGroup, from: z.number().int().nonnegative(), limit: z.number().int().min(1).max(MAX_PAGE) }),
      z.object({ rows: z.array(StaffDifference).max(MAX_PAGE), total: z.number().int().nonnegative() }),
      ["conversation_over"],
    ),
    /** Chooses people of a group by their numbers, or all; of `extra` not those of `admin` and `not_told`, who are chosen one by one. */
    choose: request(
      oneServer.extend({ group: StaffGroup, numbers: z.array(z.number().int().positive()).max(MAX_ROWS).nullable(), chosen: z.boolean() }),
      listOrNull,
      ["conversation_over"],
    ),
    /**
     * Makes a draft of a bulk Job of those who are chosen, and looks at each again. Throws `conversation_over`, `nothing_to_do`,
     * `users_managed_elsewhere`.
     */
    prepare: request(oneServer.extend({ group: StaffGroup, action: StaffOffer.shape.action }), z.object({ draft: BulkDraft }), [
      ...ANY_ADMIN,
      "users_managed_elsewhere",
      "conversation_over",
      "nothing_to_do",
    ]),
    /** Asks where, then writes what was found out into a CSV file. False when the person chose no place. Throws `nothing_to_do`. */
    save: request(oneList, z.object({ saved: z.boolean() }), [...FILES_HERE, "conversation_over", "nothing_to_do"]),
    drop: request(oneList, z.object({}), ["conversation_over"]),
  },
  events: { changed: listOrNull },
});
