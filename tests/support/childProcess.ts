import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { nodeFlags } from "../../build/nodeFlags.ts";
import { waitUntil } from "./waitUntil.ts";

/** A Node process that says things line by line. */
export interface LineProcess {
  readonly process: ChildProcessWithoutNullStreams;
  /** Every whole line so far. */
  readonly lines: string[];
  /** Waits until a line begins with `start`, 15 seconds unless said otherwise, and answers that line. */
  line(start: string, timeoutMs?: number): Promise<string>;
  /** Kills it with SIGKILL, and waits until it is gone and everything it said has been read. */
  kill(): Promise<void>;
  /** Waits until it has ended by itself, and answers its exit code. */
  ended(): Promise<number | null>;
}

export interface ScriptOptions {
  /** The largest file it may write, in the shell's `ulimit -f` blocks. */
  limitFileBlocks?: number;
  /** Where its modules are taken from as an earlier one has compiled them, which halves its start; it must write them there itself. */
  compiled?: string;
}

/** Runs a script with the Node that runs the tests. */
export function runScript(script: string, args: readonly string[], { limitFileBlocks, compiled }: ScriptOptions = {}): LineProcess {
  const command = [process.execPath, ...nodeFlags, script, ...args];
  const child =
    limitFileBlocks === undefined
      ? spawn(process.execPath, command.slice(1), { env: { ...process.env, ...(compiled && { NODE_COMPILE_CACHE: compiled }) } })
      : spawn("sh", ["-c", `ulimit -f ${limitFileBlocks}; exec "$@"`, "sh", ...command]);
  const closed = once(child, "close");
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return {
    process: child,
    lines,
    line: (start, timeoutMs) =>
      waitUntil(
        () => {
          const found = lines.find((line) => line.startsWith(start));
          const gone = child.exitCode !== null || child.signalCode !== null;
          if (found === undefined && gone) throw new Error(`It ended: ${errors}`);
          return found;
        },
        { what: `a line "${start}"`, everyMs: 5, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
      ),
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
    },
    ended: async () => {
      await closed;
      if (errors !== "") throw new Error(errors);
      return child.exitCode;
    },
  };
}
