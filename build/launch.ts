import { spawn, type StdioOptions } from "node:child_process";
import { join } from "node:path";
import { complain, say } from "./paths.ts";
import { endWithUs } from "./processes.ts";
import { sandboxTrouble } from "./sandbox.ts";
import { type Staged, stage } from "./stage.ts";

/** Builds the app as `npm start` runs it; for the demo with what signs its accounts in. */
export function buildAndStage(purpose: "start" | "demo"): Promise<Staged> {
  return stage(purpose, { production: false, ...(purpose === "demo" && { runFirst: join(import.meta.dirname, "demoApp.cjs") }) });
}

/** What the demo's app is told: never by its command line, which others can read. */
export interface ToldAtStart {
  /** Which accounts to sign in to. Without a password it is done by a code, which the app asks to have allowed. */
  accounts: readonly { baseUrl: string; user: string; password: string | null }[];
  /** What to open in the browser then; null for nothing. */
  page: string | null;
}

/** What the demo's app asks of who has started it: that the user allows a sign-in, on the server's page. */
export interface AskedToAllow {
  page: string;
  userCode: string;
  user: string;
}

/**
 * What the app is started with, on this computer and by this user.
 * @throws Error where there is no screen
 */
export function appArguments(args: string[], env: NodeJS.ProcessEnv = process.env): string[] {
  if (process.platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    throw new Error("there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set). Run this in a desktop session.");
  }
  if (process.platform !== "linux" || process.getuid?.() !== 0) return args;
  say("running as root, where Chromium cannot use its sandbox. Use an ordinary user for real accounts.");
  return ["--no-sandbox", ...args];
}

/**
 * Opens the app's window and waits until the app ends.
 * @param told for an app that was staged for the demo
 * @param allow does what such an app asks
 * @returns its exit code
 */
export function openApp(
  staged: Staged,
  args: string[],
  { env = process.env, told, allow }: { env?: NodeJS.ProcessEnv; told?: ToldAtStart; allow?: (asked: AskedToAllow) => Promise<void> } = {},
): Promise<number> {
  const all = appArguments(args, env);
  say("opening Steward");
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = ["inherit", "inherit", "inherit", ...(told ? (["ipc"] as const) : [])];
    const app = spawn(staged.executable, all, { stdio, env });
    endWithUs(app);
    if (told) app.send(told);
    app.on("message", (asked) => {
      allow?.(asked as AskedToAllow).catch((error: unknown) => complain(`a sign-in was not allowed: ${String(error)}`));
    });
    app.on("error", reject);
    app.on("close", (code) => {
      if (code !== null) return void resolve(code);
      // Chromium aborts when it finds no sandbox, and names a file in a folder that is made anew each time.
      void sandboxTrouble(staged.electron.dist).then((trouble) => {
        if (trouble !== undefined) complain(trouble);
        resolve(1);
      });
    });
  });
}
