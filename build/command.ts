import { constants } from "node:os";
import { complain } from "./paths.ts";

/** Runs a command's body; what it throws becomes one line for the person at the terminal. */
export async function command(body: () => Promise<number | void>): Promise<void> {
  // Ending by process.exit lets programs be stopped that this one has started; a bare signal would leave them behind.
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
    process.on(signal, () => {
      const mindedByBody = process.listenerCount(signal) > 1;
      if (!mindedByBody) process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
