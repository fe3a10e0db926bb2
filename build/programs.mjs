/**
 * Talks to the person at the terminal and runs programs, before anything is installed. Plain JavaScript, for the Node
 * that the machine has.
 */
import { spawn, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Says a line about what is being done. */
export const say = (line) => process.stdout.write(`steward: ${line}\n`);

/** Says on stderr what is wrong. */
export const complain = (line) => process.stderr.write(`steward: ${line}\n`);

/** Says why it cannot go on, and stops. */
export function giveUp(line) {
  complain(line);
  process.exit(1);
}

/**
 * Runs a program that ends at once.
 * @returns {{ status: number | null, stdout: string, stderr: string }} `status` is null when it could not be started
 */
export function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  return { status, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/**
 * Runs a program that takes a while, and says every 15 s that it still does, because such programs are silent without a
 * terminal.
 * @param {{ what: string, cwd?: string, env?: NodeJS.ProcessEnv }} options `what` follows "still" in that line
 * @returns {Promise<{ status: number | null, output: string, seconds: number }>} how it ended, and what it wrote
 */
export async function runLong(program, args, { what, cwd = root, env = process.env }) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const shell = process.platform === "win32" && !program.endsWith(".exe");
  const child = spawn(program, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const still = setInterval(() => say(`still ${what} (${seconds()} s)`), 15_000);
  const status = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += String(error);
      resolve(null);
    });
    child.on("close", resolve);
  });
  clearInterval(still);
  return { status, output, seconds: seconds() };
}
