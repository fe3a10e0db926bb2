import { randomBytes } from "node:crypto";
import { type AppError, type AppErrorKind, AppFailure } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";

/** What is logged of a request that ends with an error which the contract does not name for it: tests look for it. */
export const UNNAMED_ERROR = "a request ended with an error that the contract does not name for it";

/**
 * The wire form of whatever was thrown. An `AppFailure` that the contract names for the request keeps its error; anything
 * else is a defect of ours: it is logged under a short reference, and the renderer gets the reference alone, never a message
 * or a stack.
 *
 * @param named the kinds that the request may end with; without them it may be any, as before there is anything that answers
 */
export function toAppError(thrown: unknown, channel: string, logger: Logger, named?: ReadonlySet<AppErrorKind>): AppError {
  if (thrown instanceof AppFailure && named?.has(thrown.error.kind) !== false) return thrown.error;
  const ref = randomBytes(4).toString("hex");
  const message = thrown instanceof AppFailure ? UNNAMED_ERROR : "a request failed in a way that was not foreseen";
  logger.error(message, { ref, channel, error: thrown });
  return { kind: "internal", ref };
}
