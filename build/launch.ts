import { spawn } from "node:child_process";
import { complain, say } from "./paths.ts";
import { endWithUs } from "./processes.ts";
import { sandboxTrouble } from "./sandbox.ts";
import { type Staged, stage } from "./stage.ts";

/** Builds the app as `npm start` runs it. */
export function buildAndStage(purpose: "start" | "demo"): Promise<Staged> {
  return stage(purpose, { production: false });
}

/**
 * Opens the app's window and waits until the app ends.
 * @returns its exit code
 */
export function openApp(staged: Staged, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  if (process.platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    throw new Error("there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set). Run this in a desktop session.");
  }
  const flags: string[] = [];
  if (process.platform === "linux" && process.getuid?.() === 0) {
    say("running as root, where Chromium cannot use its sandbox. Use an ordinary user for real accounts.");
    flags.push("--no-sandbox");
  }
  say("opening Steward");
  return new Promise((resolve, reject) => {
    const app = spawn(staged.executable, [...flags, ...args], { stdio: "inherit", env });
    endWithUs(app);
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
