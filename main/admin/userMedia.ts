import * as z from "zod";
import type { UserMediaSum } from "../../shared/contract/userServerData.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AdminApi, AdminRequest } from "./adminApi.ts";

/** So many are deleted by one request. */
const DELETE_PAGE = 100;
/** So many are read at once to be added up. */
const READ_PAGE = 1000;
/** More pages than these are not added up. */
const MAX_PAGES = 10;
/** Of what could not be deleted, so many are named. */
const MAX_NAMED = 20;
/** How often a request is sent in a row whose answers are lost and that has deleted nothing. */
const MAX_LOST = 3;
/** A hundred files take a server's disk a while. Milliseconds. */
const DELETE_MS = 5 * 60_000;

const Media = z.object({
  media: z.array(
    z.object({
      media_id: z.string().max(255),
      media_length: z.number().nonnegative().nullish(),
      upload_name: z.string().nullish().catch(null),
    }),
  ),
  total: z.number().int().nonnegative(),
  next_token: z.union([z.number(), z.string().max(100)]).nullish(),
});
const Total = Media.pick({ total: true });
const Deleted = z.object({ deleted_media: z.array(z.unknown()).max(100_000) });

type How = Pick<AdminRequest<z.ZodType>, "repeatable">;

const pathOf = (userId: string): readonly string[] => ["v1", "users", userId, "media"];

function page(api: AdminApi, userId: string, from: string, limit: number): Promise<z.output<typeof Media>> {
  return api.request({ path: pathOf(userId), query: { from, limit: `${limit}` }, schema: Media, repeatable: true });
}

/** How much a user has uploaded to their own server. @throws as `AdminApi` does */
export async function sumUserMedia(api: AdminApi, userId: string): Promise<UserMediaSum> {
  let bytes = 0;
  let from = "0";
  for (let read = 0; read < MAX_PAGES; read += 1) {
    const { media, total, next_token: next } = await page(api, userId, from, READ_PAGE);
    for (const { media_length: length } of media) bytes += length ?? 0;
    if (next == null || media.length === 0 || String(next) === from) return { count: total, bytes };
    from = String(next);
    if (total > MAX_PAGES * READ_PAGE) return { count: total, bytes: null };
  }
  return { count: await countUserMedia(api, userId, { repeatable: true }), bytes: null };
}

/** How many files a user has uploaded. @throws as `AdminApi` does */
export async function countUserMedia(api: AdminApi, userId: string, how: How = {}): Promise<number> {
  return (await api.request({ path: pathOf(userId), query: { from: "0", limit: "1" }, schema: Total, ...how })).total;
}

/**
 * Deletes a page of what a user has uploaded. Where the answer was lost it does no harm to delete again, but what went then is
 * counted by nobody.
 *
 * @param from how many are passed over
 * @returns how many were deleted: some a server cannot delete
 * @throws as `AdminApi` does
 */
export async function deleteUserMediaPage(api: AdminApi, userId: string, from: number, how: How = {}): Promise<number> {
  const query = { from: `${from}`, limit: `${DELETE_PAGE}` };
  const gone = await api.request({ method: "DELETE", path: pathOf(userId), query, schema: Deleted, timeoutMs: DELETE_MS, ...how });
  return gone.deleted_media.length;
}

/** What asking for a page to be deleted came to: how many were, or why nobody knows, or why none were. */
type PageEnd = { kind: "answered"; value: number } | { kind: "lost" | "refused"; error: AppError };

interface DeletingParts {
  /** How many there are now. */
  count: () => Promise<number>;
  /** Asks for a page to be deleted; so many stand before it. */
  deletePage: (from: number) => Promise<PageEnd>;
  /** Called with how many have been deleted so far. */
  onProgress?: (deleted: number) => void;
}

/**
 * Deletes what there is, a hundred at a time, until nothing more goes: what a server cannot delete is passed over, and would
 * never become none.
 *
 * @param before how many there are
 * @returns how many went and how many are left; what the last request ended with, and the last answer that was lost
 */
export async function deleteAllMedia(before: number, { count, deletePage, onProgress }: DeletingParts) {
  let left = before;
  let deleted = 0;
  let undeletable = 0;
  let lost = 0;
  let error: AppError | null = null;
  let loss: AppError | null = null;
  while (left > undeletable && lost < MAX_LOST) {
    const sent = await deletePage(undeletable);
    const earlier = left;
    left = await count();
    error = sent.kind === "answered" ? null : sent.error;
    if (sent.kind === "refused") break;
    // What an answer that was lost has deleted is known by what is left.
    const gone = Math.max(sent.kind === "answered" ? sent.value : 0, earlier - left);
    deleted += gone;
    onProgress?.(deleted);
    if (sent.kind === "answered") undeletable += Math.max(0, Math.min(DELETE_PAGE, earlier - undeletable) - gone);
    else loss = sent.error;
    lost = sent.kind === "lost" && gone === 0 ? lost + 1 : 0;
  }
  return { deleted, left, error, loss };
}

export interface DeletedMedia {
  deleted: number;
  /** How many are still there, because the server could not delete them. */
  left: number;
  /** The first of them, by the names of the files or their ids. */
  leftNames: string[];
}

/**
 * Deletes everything that a user has uploaded. Deleting is done again where an answer was lost: what is gone stays gone.
 *
 * @param onProgress called with how many have been deleted so far
 * @throws as `AdminApi` does; what was deleted before that is
 */
export async function deleteUserMedia(api: AdminApi, userId: string, onProgress: (deleted: number) => void): Promise<DeletedMedia> {
  const count = (): Promise<number> => countUserMedia(api, userId, { repeatable: true });
  const deletePage = async (from: number): Promise<PageEnd> => ({
    kind: "answered",
    value: await deleteUserMediaPage(api, userId, from, { repeatable: true }),
  });
  const { deleted, left } = await deleteAllMedia(await count(), { count, deletePage, onProgress });
  const leftNames = left === 0 ? [] : (await page(api, userId, "0", MAX_NAMED)).media.map(nameOf);
  return { deleted, left, leftNames };
}

const nameOf = ({ media_id: id, upload_name: name }: { media_id: string; upload_name?: string | null | undefined }): string =>
  (name?.trim() || id).slice(0, 200);
