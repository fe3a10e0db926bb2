import { randomBytes } from "node:crypto";
import { type AppError, AppFailure } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";

/**
 * The wire form of whatever was thrown. An `AppFailure` keeps its error; anything else is a defect of ours: it is
 * logged under a short reference, and the renderer gets the reference alone, never a message or a stack.
 */
export function toAppError(thrown: unknown, channel: string, logger: Logger): AppError {
  if (thrown instanceof AppFailure) return thrown.error;
  const ref = randomBytes(4).toString("hex");
  logger.error("a request failed in a way that was not foreseen", {
    ref,
    channel,
    error: thrown,
  });
  return { kind: "internal", ref };
}
