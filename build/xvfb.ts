import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { endWithUs } from "./processes.ts";

/** A screen that nobody sees. */
export interface Screen {
  /** What DISPLAY must be for programs that should appear on it. */
  display: string;
  stop(): Promise<void>;
}

/** Names the screens of the test workers, first to last, separated by commas; set by the test runner. */
export const displaysVariable = "STEWARD_DISPLAYS";

/** How long Xvfb may take to be ready. It takes a tenth of a second. */
const readyLimitMs = 20_000;

/**
 * Starts an Xvfb on a display number that it picks itself. Undefined where there is no Xvfb but a real screen, which
 * then has to do, and where windows need neither (macOS, Windows).
 * @throws Error when there is neither Xvfb nor a screen.
 */
export async function startScreen(): Promise<Screen | undefined> {
  if (process.platform !== "linux") return undefined;
  const size = ["-screen", "0", "1600x1200x24"];
  const xvfb = spawn("Xvfb", ["-displayfd", "3", ...size, "-nolisten", "tcp", "-noreset"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  endWithUs(xvfb);
  const ended = new Promise<void>((resolve) => {
    xvfb.on("close", () => resolve());
    xvfb.on("error", () => resolve());
  });
  const number = await firstLine(xvfb.stdio[3] as Readable, ended);
  if (number === undefined) {
    xvfb.kill("SIGKILL");
    if (process.env.DISPLAY) return undefined;
    throw new Error("there is no screen to show windows on, and Xvfb does not start. Install Xvfb.");
  }
  return {
    display: `:${number}`,
    stop: async () => {
      xvfb.kill("SIGTERM");
      await ended;
    },
  };
}

/** The first line that comes, or undefined when the program ends or takes too long. */
function firstLine(stream: Readable, ended: Promise<void>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(undefined), readyLimitMs);
    let text = "";
    const settle = (line: string | undefined): void => {
      clearTimeout(limit);
      resolve(line);
    };
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) settle(text.slice(0, text.indexOf("\n")).trim());
    });
    void ended.then(() => settle(undefined));
  });
}
