import { AppFailure } from "../../shared/errors.ts";
import type { AppError } from "../../shared/errors.ts";

type FileReason = Extract<AppError, { kind: "file_failed" }>["reason"];

const REASONS: Readonly<Record<string, FileReason>> = {
  ENOSPC: "no_space",
  EDQUOT: "no_space",
  EFBIG: "no_space",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENOENT: "vanished",
  ENOTDIR: "vanished",
};

/** The `code` of a Node system error, or null when `thrown` is something else. */
export function systemErrorCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !("code" in thrown)) return null;
  return typeof thrown.code === "string" ? thrown.code : null;
}

/** True when `thrown` says that a file or folder does not exist. */
export function isMissing(thrown: unknown): boolean {
  return systemErrorCode(thrown) === "ENOENT";
}

/** Turns a system error into `file_failed`, which a person understands; a failure of ours is handed back as it is. */
export function fileFailure(thrown: unknown): AppFailure {
  if (thrown instanceof AppFailure) return thrown;
  const reason = REASONS[systemErrorCode(thrown) ?? ""] ?? "other";
  return new AppFailure({ kind: "file_failed", reason }, { cause: thrown });
}
