import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { inspect } from "node:util";
import * as z from "zod";
import type { Redactor } from "./redact.ts";

/** The end of an earlier run, as it was written down. */
export const CrashReport = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Redacted, for the person to read and copy. */
  text: z.string(),
});
export type CrashReport = z.infer<typeof CrashReport>;

/** Where the report lies and what goes into it. */
export interface CrashReporterOptions {
  readonly path: string;
  readonly redactor: Redactor;
  /** Lines about the app and the computer: versions, platform. */
  readonly about: readonly string[];
  readonly recentLines: () => readonly string[];
}

/** The part of `process` that is listened to. */
export interface CrashSource {
  on(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  on(event: "unhandledRejection", listener: (reason: unknown) => void): unknown;
}

/** What nobody caught. */
export type CrashKind = "uncaughtException" | "unhandledRejection";

/** Keeps one report, of the last crash. */
export class CrashReporter {
  readonly #options: CrashReporterOptions;

  constructor(options: CrashReporterOptions) {
    this.#options = options;
  }

  /**
   * Writes a report whenever an error reaches the top of `source`, then calls `onCrash`, which decides whether the app
   * goes on.
   */
  watch(source: CrashSource, onCrash: (kind: CrashKind, error: unknown) => void): void {
    const listen = (kind: CrashKind) => (error: unknown) => {
      this.write(kind, error);
      onCrash(kind, error);
    };
    source.on("uncaughtException", listen("uncaughtException"));
    source.on("unhandledRejection", listen("unhandledRejection"));
  }

  /** Writes the report to the disk before it returns, because there may be no later. Never throws. */
  write(kind: string, error: unknown): void {
    const { path } = this.#options;
    const temporary = `${path}.new`;
    try {
      const report: CrashReport = { at: Date.now(), text: this.#describe(kind, error) };
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const file = openSync(temporary, "w", 0o600);
      try {
        const bytes = Buffer.from(JSON.stringify(report), "utf8");
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch {
      // There is nobody left to tell; a report cut short must not pass for one.
      tryTo(() => rmSync(temporary, { force: true }));
    }
  }

  /** The report of the last crash that was not dismissed, or null. Never throws: a damaged report is none. */
  async read(): Promise<CrashReport | null> {
    try {
      return CrashReport.safeParse(JSON.parse(await readFile(this.#options.path, "utf8"))).data ?? null;
    } catch {
      return null;
    }
  }

  /** Forgets the report. */
  async dismiss(): Promise<void> {
    await rm(this.#options.path, { force: true });
  }

  /** A report of now, without a crash: what the person copies when they report something else. */
  describeNow(): string {
    return this.#describe("report", null);
  }

  #describe(kind: string, error: unknown): string {
    const { redactor, about, recentLines } = this.#options;
    const lines = [`Steward ${kind}, ${new Date().toISOString()}`, ...about.map((line) => redactor.text(line)), ""];
    for (const one of error === null ? [] : withCauses(error)) lines.push(redactor.text(one), "");
    return [...lines, "Recent log:", ...recentLines()].join("\n");
  }
}

/** The error and what caused it, as text, outermost first. */
function withCauses(error: unknown): string[] {
  const texts: string[] = [];
  for (let current = error; texts.length < 5 && current !== undefined; ) {
    texts.push(current instanceof Error ? (current.stack ?? String(current)) : describeThrown(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return texts;
}

function describeThrown(thrown: unknown): string {
  try {
    return `Thrown: ${inspect(thrown, { depth: 4, breakLength: Infinity })}`;
  } catch {
    return "Thrown: something that cannot be described";
  }
}

function tryTo(action: () => void): void {
  try {
    action();
  } catch {
    // Best effort by name.
  }
}
