import { type ChildProcess, spawn } from "node:child_process";

/** Kills a program when this process ends before it. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("close", () => process.off("exit", kill));
}

/** How a program ended, and what it wrote to stdout and stderr together. */
export interface Ended {
  code: number;
  output: string;
}

interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Lets the program write to the terminal; `output` is then empty. */
  shown?: boolean;
  /** Milliseconds after which it is killed; then `code` is 124. */
  timeoutMs?: number;
}

/** Runs a program to its end. Never rejects: a program that cannot be started ends with code 127. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      stdio: options.shown ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    endWithUs(child);
    let output = "";
    let late = false;
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const limit =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            child.kill("SIGKILL");
          }, options.timeoutMs);
    child.on("error", (error) => {
      clearTimeout(limit);
      resolve({ code: 127, output: `${output}${error.message}` });
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code: late ? 124 : (code ?? 1), output });
    });
  });
}

/** Runs npm, the one that started us where there is one. Behaves as `run`. */
export function npm(args: string[], options: RunOptions = {}): Promise<Ended> {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith("npm-cli.js")) return run(process.execPath, [cli, ...args], options);
  return run(process.platform === "win32" ? "npm.cmd" : "npm", args, options);
}
