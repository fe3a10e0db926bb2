import * as z from "zod";
import type { UserMediaSum } from "../../shared/contract/userServerData.ts";
import type { AdminApi, AdminRequest } from "./adminApi.ts";

/** So many are deleted by one request. */
export const DELETE_PAGE = 100;
/** So many are read at once to be added up. */
const READ_PAGE = 1000;
/** More pages than these are not added up. */
const MAX_PAGES = 10;
/** Of what could not be deleted, so many are named. */
const MAX_NAMED = 20;
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

type How = Pick<AdminRequest<z.ZodType>, "repeatable" | "signal">;

const pathOf = (userId: string): readonly string[] => ["v1", "users", userId, "media"];

function page(api: AdminApi, userId: string, from: string, limit: number, signal?: AbortSignal): Promise<z.output<typeof Media>> {
  return api.request({
    path: pathOf(userId),
    query: { from, limit: `${limit}` },
    schema: Media,
    repeatable: true,
    ...(signal && { signal }),
  });
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

export interface DeletedMedia {
  deleted: number;
  /** How many are still there, because the server could not delete them. */
  left: number;
  /** The first of them, by the names of the files or their ids. */
  leftNames: string[];
}

/**
 * Deletes everything that a user has uploaded, a hundred at a time, until the server deletes nothing more; what it cannot delete
 * would never become none. Deleting is done again where an answer was lost: what is gone stays gone.
 *
 * @param onProgress called with how many have been deleted so far
 * @throws as `AdminApi` does; what was deleted before that is
 */
export async function deleteUserMedia(
  api: AdminApi,
  userId: string,
  { onProgress, signal }: { onProgress?: (deleted: number) => void; signal?: AbortSignal } = {},
): Promise<DeletedMedia> {
  const before = await countUserMedia(api, userId, { repeatable: true, ...(signal && { signal }) });
  let counted = 0;
  let from = 0;
  // What an answer that was lost has deleted is known by what is left.
  const deletedOf = (left: number): number => Math.max(counted, before - left);
  for (;;) {
    const gone = await deleteUserMediaPage(api, userId, from, { repeatable: true, ...(signal && { signal }) });
    counted += gone;
    onProgress?.(counted);
    if (gone > 0) continue;
    // What stands first may be what cannot be deleted: what is behind it is tried too.
    const { media, total } = await page(api, userId, `${from}`, DELETE_PAGE, signal);
    if (media.length > 0 && from + DELETE_PAGE < total) {
      from += DELETE_PAGE;
      continue;
    }
    if (total === 0) return { deleted: deletedOf(0), left: 0, leftNames: [] };
    const { media: first } = from === 0 ? { media } : await page(api, userId, "0", DELETE_PAGE, signal);
    return { deleted: deletedOf(total), left: total, leftNames: first.slice(0, MAX_NAMED).map(nameOf) };
  }
}

const nameOf = ({ media_id: id, upload_name: name }: { media_id: string; upload_name?: string | null | undefined }): string =>
  (name?.trim() || id).slice(0, 200);
