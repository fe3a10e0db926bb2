import * as z from "zod";
import type { User } from "../../../shared/contract/users.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { PatientApi } from "./patientApi.ts";
import { already, done, failed, type RowProgress, skipped } from "./rowEnds.ts";

/** Until a deactivation must be answered, in milliseconds: the server deletes each device of the user by itself. */
const DEACTIVATE_MS = 10 * 60_000;
/** How often it is sent that failed and was not done. */
const MAX_TRIES = 3;
/** How often the state is looked at after an answer was lost, before it counts as not known. */
const MAX_LOOKS = 6;

/** Why a user would not be deactivated, as things are now; null where they would be. */
export function notDeactivatable(user: User | null, userId: string, own: ReadonlySet<string>): RowEnd | null {
  if (own.has(userId)) return skipped("own_account");
  if (user === null) return skipped("no_such_user");
  return user.deactivated ? already : null;
}

/**
 * Deactivates a user, without erasing them. Right before, it is asked whether there is such a user and whether they are
 * deactivated already.
 *
 * @param own the accounts that are held here: they are left alone. The admin's own is among them, so that the server keeps an
 * admin who can sign in
 */
export async function deactivateUser(api: PatientApi, userId: string, own: ReadonlySet<string>, progress: RowProgress): Promise<RowEnd> {
  const refusal = notDeactivatable(await api.user(userId), userId, own);
  // What was sent before the app ended has been done.
  if (refusal !== null) return refusal.outcome === "already" && progress.begunAt !== null ? done : refusal;
  await progress.begin();
  return deactivate(api, userId);
}

/** Sends it, and finds out what is so where the answer is lost. */
export async function deactivate(api: PatientApi, userId: string): Promise<RowEnd> {
  for (let tried = 1; ; tried += 1) {
    const sent = await api.write((admin, signal) =>
      admin.request({
        method: "POST",
        path: ["v1", "deactivate", userId],
        body: { erase: false },
        schema: z.object({}),
        timeoutMs: DEACTIVATE_MS,
        signal,
      }),
    );
    if (sent.kind === "answered") return done;
    if (sent.kind === "refused") return failed(sent.error);
    if (await becomesDeactivated(api, userId)) return done;
    // The server goes on with what nobody waits for any more: sent again, it would have to do it twice.
    if (isStillRunning(sent.error)) return { outcome: "unknown", reason: "still_running", names: [], error: sent.error, madePassword: false };
    if (tried >= MAX_TRIES) return failed(sent.error);
  }
}

async function becomesDeactivated(api: PatientApi, userId: string): Promise<boolean> {
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    if ((await api.user(userId))?.deactivated === true) return true;
    await api.moment(look);
  }
  return false;
}

function isStillRunning(error: AppError): boolean {
  if (error.kind === "network") return error.reason === "timeout";
  return (error.kind === "gateway_error" || error.kind === "server") && error.status === 504;
}
