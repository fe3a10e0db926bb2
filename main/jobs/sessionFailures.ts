import { type AppError, AppFailure } from "../../shared/errors.ts";

/** What is the session's doing, or that of the connection. */
const OF_THE_SESSION: ReadonlySet<AppError["kind"]> = new Set([
  "cancelled",
  "account_not_running",
  "unauthenticated",
  "secrets_locked",
  "network",
]);

/** Whether a Job that ended with this goes on by itself, once its account's session runs again. */
export function goesOnByItself(thrown: unknown): boolean {
  return thrown instanceof AppFailure && OF_THE_SESSION.has(thrown.error.kind);
}
