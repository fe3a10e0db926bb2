import type { User } from "../../../../shared/contract/users.ts";
import type { AppError } from "../../../../shared/errors.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import type { AdminApi } from "../../adminApi.ts";
import type { PatientApi } from "../patientApi.ts";
import { done, refused, skipped, unknown } from "../rowEnds.ts";

/** Until a change must be answered, in milliseconds. */
export const CHANGE_MS = 120_000;
/** How often a change is sent whose answer was lost. */
export const MAX_TRIES = 3;

/**
 * Sends what is the same however often it is sent: again where the answer was lost and the server does not show that it was
 * done. What the server has then is compared with what was asked: servers pass over what they do not know.
 *
 * @param isSo null where nobody can see it
 * @param begunAt when a run that ended before sent it; null where none did
 */
export async function settle(
  api: PatientApi,
  userId: string,
  send: (admin: AdminApi) => Promise<unknown>,
  isSo: (user: User) => boolean | null,
  begunAt: number | null,
): Promise<RowEnd> {
  let lost: AppError | null = null;
  for (let tried = 1; ; tried += 1) {
    const sent = await api.write(send);
    if (sent.kind === "lost") lost = sent.error;
    if (sent.kind === "refused" && lost === null) return refused(sent.error, null, begunAt);
    const user = await api.user(userId);
    const so = user === null ? false : isSo(user);
    if (so === true || (so === null && sent.kind === "answered")) return done;
    if (sent.kind === "answered") return { ...skipped("not_supported"), outcome: "failed" };
    if (sent.kind === "refused") return refused(sent.error, lost, begunAt);
    if (tried >= MAX_TRIES) return unknown(null, sent.error);
  }
}
