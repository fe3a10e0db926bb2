import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "./logger.ts";
import type { Redactor } from "./redact.ts";

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes lines that are already free of secrets. */
export interface LogSink {
  write(level: LogLevel, room: string, message: string, fields: Readonly<Record<string, unknown>> | undefined): void;
}

/** Where the log lies and how much of it is kept. */
export interface LogFileOptions {
  readonly path: string;
  readonly redactor: Redactor;
  /** From which level on lines are written to the file; all are kept in memory. "info" unless said otherwise. */
  readonly level?: LogLevel;
  /** When the file is longer, it becomes `<path>.1`, and the one before is dropped. 2 MiB unless said otherwise. */
  readonly maxBytes?: number;
  /** Lines kept in memory for a crash report; 300 unless said otherwise. */
  readonly recentLines?: number;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const MAX_LINE = 16 * 1024;
const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029]/gu;

/**
 * The app's log: redacted lines in a file of bounded size that only this user can read. A disk that is full or gone
 * never stops the app: lines that cannot be written are dropped from the file and stay in memory.
 */
export class LogFile implements LogSink {
  readonly #options: Required<LogFileOptions>;
  readonly #recent: string[] = [];
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: LogFileOptions) {
    this.#options = { level: "info", maxBytes: 2 * 1024 * 1024, recentLines: 300, ...options };
  }

  write(level: LogLevel, room: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const line = this.#format(level, room, message, fields);
    this.#recent.push(line);
    if (this.#recent.length > this.#options.recentLines) this.#recent.shift();
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#options.level)) return;
    this.#waiting.push(`${line}\n`);
    if (this.#busy) return;
    this.#busy = true;
    this.#writing = this.#drain();
  }

  /** The last lines, oldest first, redacted. */
  recent(): readonly string[] {
    return [...this.#recent];
  }

  /** Resolves when all lines so far are in the file or were dropped. */
  flush(): Promise<void> {
    return this.#writing;
  }

  /** Writes what waits before it returns: for the moment before the process ends. Never throws. */
  flushSync(): void {
    const text = this.#waiting.splice(0).join("");
    if (text === "") return;
    try {
      appendFileSync(this.#options.path, text, { mode: 0o600 });
    } catch {
      // The lines are still in memory, and in the crash report if there is one.
    }
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = this.#waiting.splice(0).join("");
      try {
        this.#makeRoom(Buffer.byteLength(text));
        await appendFile(this.#options.path, text, { mode: 0o600 });
      } catch {
        // See the class: a log that cannot be written must not take anything else with it.
      }
    }
    this.#busy = false;
  }

  #makeRoom(bytes: number): void {
    const { path, maxBytes } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    // A file that somebody else made more open is closed again.
    if (size > 0 && process.platform !== "win32") chmodSync(path, 0o600);
    if (size === 0 || size + bytes <= maxBytes) return;
    rmSync(`${path}.1`, { force: true });
    renameSync(path, `${path}.1`);
  }

  #format(level: LogLevel, room: string, message: string, fields?: Readonly<Record<string, unknown>>): string {
    const { redactor } = this.#options;
    const parts = [new Date().toISOString(), level.toUpperCase().padEnd(5), `[${room}]`, oneLine(redactor.text(message))];
    if (fields !== undefined) parts.push(oneLine(JSON.stringify(redactor.value(fields))));
    const line = parts.join(" ");
    return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} [cut]` : line;
  }
}

/** A server's text must not be able to begin a line of its own, nor move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replaceAll(CONTROL_CHARACTERS, (character) =>
    character === "\n" ? String.raw`\n` : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The logger of one room of main. */
export function createLogger(sink: LogSink, room: string): Logger {
  return {
    debug: (message, fields) => sink.write("debug", room, message, fields),
    info: (message, fields) => sink.write("info", room, message, fields),
    warn: (message, fields) => sink.write("warn", room, message, fields),
    error: (message, fields) => sink.write("error", room, message, fields),
  };
}
