import * as z from "zod";
import type { BulkField, BulkFieldChange } from "../../../../shared/contract/bulk.ts";
import type { AppError } from "../../../../shared/errors.ts";
import { ExternalId } from "../../../../shared/contract/users.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import type { ServerUserChanges, UserWithContacts } from "../../adminApi.ts";
import type { ReadUser } from "../../csv/readUsers.ts";
import { type AtWork, bulkKind, LIGHT_PACE, type RowUser } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { localpartOf } from "../resultCells.ts";
import { already, done, failed, skipped, unknown } from "../rowEnds.ts";
import { findTakenContact } from "../takenContacts.ts";
import { changeableOf, sendChange, userToChange } from "./changeByService.ts";
import { MAX_TRIES } from "./settle.ts";
import { NoPayload, noPayload, notThere } from "./userRow.ts";

/** What of a user can be changed. What is left out stays as it is, whatever it is. */
const Fields = z.object({
  displayname: z.string().optional(),
  avatar_url: z.string().optional(),
  admin: z.boolean().optional(),
  user_type: z.string().nullable().optional(),
  /** All of them. */
  emails: z.array(z.string()).optional(),
  phones: z.array(z.string()).optional(),
  external_ids: z.array(ExternalId).optional(),
});
type Fields = z.infer<typeof Fields>;

/** What a user is to have. */
const Wanted = Fields.extend({
  userId: z.string(),
  /** What an earlier Job has made of them, where that is taken back: who has been changed since is left alone. */
  seen: Fields.optional(),
});
export type Wanted = z.infer<typeof Wanted>;

/** What was before a change of somebody, and what was wanted instead. */
const Back = z.object({ was: Fields, wanted: Fields });
type Back = z.infer<typeof Back>;

const FIELDS: readonly BulkField[] = ["displayname", "avatar_url", "admin", "user_type", "emails", "phones", "external_ids"];
const COLUMNS = ["id", "displayname", "admin", "avatar_url", "user_type", "threepids", "emails", "phones", "external_ids"] as const;

/** Users are changed in what the columns of a file name, and in nothing else. */
export const changeUsers = bulkKind({
  action: "change",
  kind: "change_users",
  undoneBy: "change",
  backFrom: (before) => Back.safeParse(before).data ?? null,
  reads: { isNew: false, columns: COLUMNS },
  pace: LIGHT_PACE,
  withService: "by",
  setsPasswords: "never",
  payload: NoPayload,
  payloadOf: noPayload,
  row: Wanted,
  rowOf: (user, { choices }) => wantedOf(user, choices.emptyCells === "clear"),
  result: {
    names: ["id", "displayname", "admin", "user_type", "avatar_url", "emails", "phones", "external_ids"],
    cellsOf: (wanted) => [
      localpartOf(wanted.userId),
      ...(["displayname", "admin", "user_type", "avatar_url", "emails", "phones", "external_ids"] as const).map((field) =>
        wanted[field] === undefined ? "" : textOf(wanted[field]),
      ),
    ],
  },
  judge: async (api, user, { own, choices }) => {
    const wanted = wantedOf(user, choices.emptyCells === "clear");
    const there = await userToChange(api, wanted.userId);
    const refusal = refusalOf(there, wanted, own);
    if (refusal !== null || there === null) return { refusal: refusal ?? skipped("no_such_user") };
    if (isOtherSince(there, wanted)) return { refusal: skipped("changed_meanwhile") };
    const all = changesOf(there, wanted);
    const possible = changeableOf(
      there,
      all.map(({ field }) => field),
    );
    if (all.length > 0 && possible.length === 0) return { refusal: failed(NOT_ALLOWED) };
    const changes = all.filter(({ field }) => possible.includes(field));
    return { refusal: changes.length === 0 ? already : await findTakenContact(api, contactsOf(wanted)), changes };
  },
  perform: change,
});

/** What a row wants of a user. */
export function wantedOf(user: RowUser, clears: boolean): Wanted {
  if (user.back !== undefined) {
    const { was, wanted } = user.back as Back;
    return { userId: user.userId, ...was, seen: wanted };
  }
  const isEmpty = (...columns: ReadUser["empty"]): boolean => clears && columns.some((column) => user.empty.includes(column));
  const listOf = (medium: "email" | "msisdn"): string[] => user.threepids.flatMap((one) => (one.medium === medium ? one.address : []));
  const gives = (medium: "email" | "msisdn", column: "emails" | "phones"): boolean =>
    user.media.includes(medium) || isEmpty("threepids", column);
  return {
    userId: user.userId,
    ...((user.displayName !== null || isEmpty("displayname")) && { displayname: user.displayName ?? "" }),
    ...((user.avatarUrl !== null || isEmpty("avatar_url")) && { avatar_url: user.avatarUrl ?? "" }),
    ...(user.admin !== null && { admin: user.admin }),
    ...((user.userType !== null || isEmpty("user_type")) && { user_type: user.userType }),
    ...(gives("email", "emails") && { emails: listOf("email") }),
    ...(gives("msisdn", "phones") && { phones: listOf("msisdn") }),
    ...((user.externalIds.length > 0 || isEmpty("external_ids")) && { external_ids: user.externalIds }),
  };
}

const contactsOf = ({ userId, emails = [], phones = [], external_ids: externalIds = [] }: Wanted) => ({
  userId,
  threepids: [
    ...emails.map((address) => ({ medium: "email" as const, address })),
    ...phones.map((address) => ({ medium: "msisdn" as const, address })),
  ],
  externalIds,
});

/** What is said of a part that the service which looks after a user leaves to nobody. */
const NOT_ALLOWED: AppError = { kind: "not_allowed_by_server" };

/** Nobody takes from here what makes their own accounts admins. */
function refusalOf(there: UserWithContacts | null, { userId, admin }: Wanted, own: ReadonlySet<string>): RowEnd | null {
  return notThere(there?.user ?? null, userId, admin === false ? own : new Set());
}

/** What a user has of what is wanted, in the same form. */
function valueOf({ user, threepids, externalIds }: UserWithContacts, field: BulkField): Wanted[BulkField] {
  const addresses = (medium: string): string[] => threepids.flatMap((one) => (one.medium === medium ? one.address : []));
  switch (field) {
    case "displayname":
      return user.displayName ?? "";
    case "avatar_url":
      return user.avatarMxc ?? "";
    case "admin":
      return user.admin;
    case "user_type":
      return user.userType;
    case "emails":
      return addresses("email").map((address) => address.toLowerCase());
    case "phones":
      return addresses("msisdn");
    case "external_ids":
      return externalIds.map((one) => ({ provider: one.auth_provider, id: one.external_id }));
  }
}

function textOf(value: Wanted[BulkField]): string {
  if (!Array.isArray(value)) return String(value ?? "");
  const texts = value.map((one) => (typeof one === "string" ? one : `${one.provider}:${one.id}`));
  return texts.sort().join(",");
}

/** What of a user is not as it is wanted. */
export function changesOf(there: UserWithContacts, wanted: Wanted): BulkFieldChange[] {
  return FIELDS.flatMap((field) => {
    if (wanted[field] === undefined) return [];
    const [before, after] = [textOf(valueOf(there, field)), textOf(wanted[field])];
    return before === after ? [] : [{ field, before: before.slice(0, 2000), after: after.slice(0, 2000) }];
  });
}

/** Whether somebody is neither as an earlier Job has left them nor as they were before it. */
function isOtherSince(there: UserWithContacts, { seen, ...was }: Wanted): boolean {
  if (seen === undefined) return false;
  return FIELDS.some((field) => {
    if (was[field] === undefined) return false;
    const now = textOf(valueOf(there, field));
    return now !== textOf(seen[field]) && now !== textOf(was[field]);
  });
}

/** What a change of these fields can be taken back by. */
function backOf(there: UserWithContacts, wanted: Wanted, fields: readonly BulkField[]): Back {
  const was = Object.fromEntries(fields.map((field) => [field, valueOf(there, field)]));
  return { was, wanted: Object.fromEntries(fields.map((field) => [field, wanted[field]])) };
}

/** What is sent to change these fields alone. Lists are sent whole, with what of them is not to be changed as it was read. */
function bodyOf(there: UserWithContacts, wanted: Wanted, fields: readonly BulkField[]): ServerUserChanges {
  const has = (field: BulkField): boolean => fields.includes(field);
  const listOf = (medium: "email" | "msisdn", field: "emails" | "phones"): object[] =>
    has(field) ? (wanted[field] ?? []).map((address) => ({ medium, address })) : there.threepids.filter((one) => one.medium === medium);
  const others = there.threepids.filter(({ medium }) => medium !== "email" && medium !== "msisdn");
  return {
    ...(has("displayname") && { displayname: wanted.displayname ?? "" }),
    ...(has("avatar_url") && { avatar_url: wanted.avatar_url ?? "" }),
    ...(has("admin") && { admin: wanted.admin === true }),
    ...(has("user_type") && { user_type: wanted.user_type ?? null }),
    ...((has("emails") || has("phones")) && { threepids: [...others, ...listOf("email", "emails"), ...listOf("msisdn", "phones")] }),
    ...(has("external_ids") && {
      external_ids: (wanted.external_ids ?? []).map(({ provider, id }) => ({ auth_provider: provider, external_id: id })),
    }),
  };
}

/**
 * Changes exactly what differs, in one request; what the server refuses then, each for itself. It changes some of it before it
 * refuses the rest, so it is read afterwards.
 */
async function change(api: PatientApi, wanted: Wanted, _payload: unknown, { own, begunAt, begin }: AtWork): Promise<RowEnd> {
  let there = await userToChange(api, wanted.userId);
  const refusal = refusalOf(there, wanted, own);
  if (refusal !== null || there === null) return refusal ?? skipped("no_such_user");
  const leftNow = (): BulkField[] => (there === null ? [] : changesOf(there, wanted).map(({ field }) => field));
  if (isOtherSince(there, wanted)) return skipped("changed_meanwhile");
  const first = leftNow();
  if (first.length === 0) return begunAt === null ? already : done;
  const possibleNow = (): BulkField[] => (there === null ? [] : changeableOf(there, leftNow()));
  if (possibleNow().length === 0) return failed(NOT_ALLOWED);
  const taken = await findTakenContact(api, contactsOf(wanted));
  if (taken !== null) return taken;
  await begin(backOf(there, wanted, first));
  let error: AppError | null = null;
  let lost: AppError | null = null;
  let isLost = false;
  const send = async (fields: readonly BulkField[]): Promise<void> => {
    const before = there;
    if (before === null) return;
    const emails = fields.includes("emails") ? (wanted.emails ?? []) : null;
    const sent = await api.write((admin) => sendChange(admin, api.mas, before, bodyOf(before, wanted, fields), emails));
    error = sent.kind === "answered" ? error : sent.error;
    isLost = sent.kind === "lost";
    // What the server took later tells of what was sent before; what it refused does not.
    lost = sent.kind === "refused" ? lost : sent.kind === "lost" ? sent.error : null;
    there = (await userToChange(api, wanted.userId)) ?? there;
  };
  for (let tried = 1; tried <= MAX_TRIES && possibleNow().length > 0; tried += 1) {
    await send(possibleNow());
    if (!isLost) break;
  }
  if (lost !== null && possibleNow().length > 0) return unknown(null, lost);
  if (first.length > 1) for (const field of possibleNow()) await send([field]);
  const left = leftNow();
  // What an earlier try was answered is of no account where all that could be done was.
  if (left.length > 0 && possibleNow().length === 0) error = NOT_ALLOWED;
  if (left.length === 0) return done;
  if (left.length < first.length)
    return { outcome: "incomplete", reason: "fields_not_changed", names: left, error, count: null, madePassword: false };
  if (lost !== null) return unknown(null, lost);
  return error === null ? { ...skipped("not_supported"), outcome: "failed" } : failed(error);
}
