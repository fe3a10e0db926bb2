import type { User } from "../../../shared/contract/users.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { ServerUserChanges } from "../adminApi.ts";
import { UserAnswer } from "../serverUser.ts";
import type { PatientApi } from "./patientApi.ts";
import { already, done, failed, type RowProgress, skipped } from "./rowEnds.ts";

/** Until a change must be answered, in milliseconds. */
const CHANGE_MS = 120_000;
/** How often a change is sent whose answer was lost. */
const MAX_TRIES = 3;

/** What is done to users who are there, beside deactivating them. */
export type UserChange = { kind: "lock" } | { kind: "unlock" } | { kind: "password"; password: string; signOut: boolean };

/**
 * Why a change would not be made to a user, as things are now; null where it would be.
 *
 * @param own the accounts that are held here: they are neither locked out nor given other passwords from here
 */
export function notChangeable(user: User | null, userId: string, kind: UserChange["kind"], own: ReadonlySet<string>): RowEnd | null {
  if (kind !== "unlock" && own.has(userId)) return skipped("own_account");
  if (user === null) return skipped("no_such_user");
  if (user.deactivated) return skipped("exists_deactivated");
  if (kind === "password") return null;
  return (user.locked === true) === (kind === "lock") ? already : null;
}

/**
 * Changes a user who is there. What is wanted is the same however often it is sent, so it is sent again where the answer was
 * lost and the server does not show that it was done. The answer is compared with what was asked: servers pass over what they do
 * not know.
 */
export async function changeUser(api: PatientApi, userId: string, change: UserChange, own: ReadonlySet<string>, progress: RowProgress): Promise<RowEnd> {
  const refusal = notChangeable(await api.user(userId), userId, change.kind, own);
  // What was sent before the app ended has been done.
  if (refusal !== null) return refusal.outcome === "already" && progress.begunAt !== null ? done : refusal;
  await progress.begin();
  const body = bodyOf(change);
  for (let tried = 1; ; tried += 1) {
    const sent = await api.write((admin, signal) =>
      admin.request({ method: "PUT", path: ["v2", "users", userId], body, schema: UserAnswer, timeoutMs: CHANGE_MS, signal }),
    );
    if (sent.kind === "refused") return failed(sent.error);
    const now = sent.kind === "answered" ? sent.value : await api.user(userId);
    if (change.kind === "password") {
      // Nobody can see which password somebody has.
      if (sent.kind === "answered") return done;
    } else if ((now?.locked === true) === body.locked) return done;
    else if (sent.kind === "answered") return { ...skipped("not_supported"), outcome: "failed" };
    if (sent.kind === "lost" && tried >= MAX_TRIES) return { ...failed(sent.error), outcome: "unknown" };
  }
}

function bodyOf(change: UserChange): ServerUserChanges {
  if (change.kind === "password") return { password: change.password, logout_devices: change.signOut };
  return { locked: change.kind === "lock" };
}
