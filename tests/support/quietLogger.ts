import type { Logger } from "../../main/logging/logger.ts";

/** A logger that keeps nothing. */
export const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
