import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { countUserMedia, deleteAllMedia, deleteUserMediaPage } from "../../userMedia.ts";
import { type AtWork, bulkKind, HEAVY_PACE, ID_ALONE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { already, done, incomplete, refused, skipped } from "../rowEnds.ts";
import { idAlone, NoPayload, noPayload, UserRow, userRowOf } from "./userRow.ts";

/** What users have uploaded is deleted, avatars as well. */
export const deleteMedia = bulkKind({
  action: "delete_media",
  kind: "delete_media",
  reads: ID_ALONE,
  pace: HEAVY_PACE,
  withService: "beside",
  setsPasswords: "never",
  payload: NoPayload,
  payloadOf: noPayload,
  row: UserRow,
  rowOf: userRowOf,
  result: idAlone,
  judge: async (api, { userId }, { own }) => {
    if (own.has(userId)) return { refusal: skipped("own_account") };
    const count = await filesOf(api, userId);
    if (count === null) return { refusal: skipped("no_such_user") };
    return count === 0 ? { refusal: already } : { refusal: null, count };
  },
  perform: (api, { userId }, _payload, at) => deleteAll(api, userId, at),
});

/** How many files somebody has uploaded; null where there is no such user. */
const filesOf = (api: PatientApi, userId: string): Promise<number | null> => api.readOrNull((admin) => countUserMedia(admin, userId));

async function deleteAll(api: PatientApi, userId: string, { own, begunAt, begin }: AtWork): Promise<RowEnd> {
  if (own.has(userId)) return skipped("own_account");
  const before = await filesOf(api, userId);
  if (before === null) return skipped("no_such_user");
  if (before === 0) return begunAt === null ? already : done;
  await begin();
  const { deleted, left, error, loss } = await deleteAllMedia(before, {
    count: async () => (await filesOf(api, userId)) ?? 0,
    deletePage: (from) => api.write((admin) => deleteUserMediaPage(admin, userId, from)),
  });
  if (left === 0) return { ...done, count: begunAt === null ? deleted : null };
  return error !== null && deleted === 0 ? refused(error, loss, null) : incomplete("files_left", left, error);
}
