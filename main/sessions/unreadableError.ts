import type { AppError } from "../../shared/errors.ts";
import type { UnreadableReason } from "../secrets/secretStore.ts";

/** What a person is told when secrets that are there cannot be read. */
export function unreadableError(reason: UnreadableReason): AppError {
  if (reason === "passphrase_forgotten") return { kind: "passphrase_forgotten" };
  return reason === "damaged" || reason === "too_new" ? { kind: "secret_unreadable" } : { kind: "secrets_locked" };
}
