import type { AppError } from "../../../../shared/errors.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { countUserMedia, DELETE_PAGE, deleteUserMediaPage } from "../../userMedia.ts";
import { type AtWork, bulkKind, HEAVY_PACE, ID_ALONE } from "../bulkKind.ts";
import type { PatientApi } from "../patientApi.ts";
import { already, done, incomplete, refused, skipped } from "../rowEnds.ts";
import { idAlone, NoPayload, noPayload, UserRow, userRowOf } from "./userRow.ts";

/** How often a request is sent in a row whose answers are lost. */
const MAX_LOST = 3;

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

/** Goes on until nothing more is deleted: some files a server cannot delete, and they are passed over. */
async function deleteAll(api: PatientApi, userId: string, { own, begunAt, begin }: AtWork): Promise<RowEnd> {
  if (own.has(userId)) return skipped("own_account");
  let left = await filesOf(api, userId);
  if (left === null) return skipped("no_such_user");
  if (left === 0) return begunAt === null ? already : done;
  await begin();
  let count = 0;
  let undeletable = 0;
  let lost = 0;
  let loss: AppError | null = null;
  let error: AppError | null = null;
  while (left > undeletable && lost < MAX_LOST) {
    const from = undeletable;
    const sent = await api.write((admin) => deleteUserMediaPage(admin, userId, from));
    const before: number = left;
    left = (await filesOf(api, userId)) ?? 0;
    error = sent.kind === "answered" ? null : sent.error;
    if (sent.kind === "refused") break;
    if (sent.kind === "lost") loss = sent.error;
    lost = sent.kind === "lost" && left >= before ? lost + 1 : 0;
    const gone = sent.kind === "answered" ? sent.value : Math.max(0, before - left);
    count += gone;
    if (sent.kind === "answered") undeletable += Math.max(0, Math.min(DELETE_PAGE, before - undeletable) - gone);
  }
  if (left === 0) return { ...done, count: begunAt === null ? count : null };
  return error !== null && count === 0 ? refused(error, loss, null) : incomplete("files_left", left, error);
}
