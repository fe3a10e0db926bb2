import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import type { AppInfo } from "../../shared/contract/app.ts";
import { errorText } from "./errorFields.ts";
import type { Redactor } from "./redact.ts";

/**
 * What went wrong: an error that nobody caught, a promise whose rejection nobody handled, a start that failed, or an
 * error in the window. See `endsTheApp`.
 */
const CrashKind = z.enum(["uncaughtException", "unhandledRejection", "start", "renderer"]);
export type CrashKind = z.infer<typeof CrashKind>;

/** Whether the app ends with it. After a rejected promise, and an error in the window, the rest is as it was. */
export function endsTheApp(kind: CrashKind): boolean {
  return kind === "uncaughtException" || kind === "start";
}

/** Something that went wrong, as it was written down. */
const CrashReport = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  kind: CrashKind,
  /** Redacted, for the person to read and copy. */
  text: z.string(),
});
type CrashReport = z.infer<typeof CrashReport>;

const ReportFile = z.object({ reports: z.array(CrashReport) });

/** Kept at most. Together they stay below the 65,536 characters that the clipboard and most issue trackers take. */
const MAX_REPORTS = 3;
const MAX_REPORT = 20_000;
/** Of each error and each of its causes: what it says and where it was thrown stand at its start. */
const MAX_ERROR = 3_000;
const MAX_MESSAGE = 1_500;
const MAX_CAUSES = 5;
const MAX_LINE = 1_000;

/** Where the reports lie and what goes into them. */
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

/** What the person is told at the next start. */
export type CrashNotice = Extract<AppInfo["notices"][number], { kind: "previous_crash" | "previous_error" }>;

/**
 * Keeps reports of what went wrong until the person has been told. A report of this run never takes the place of one
 * of an earlier run, and is not forgotten with it.
 */
export class CrashReporter {
  readonly #options: CrashReporterOptions;
  /** Oldest first. Null until the file has been read. */
  #reports: readonly CrashReport[] | null = null;
  readonly #ofThisRun = new Set<CrashReport>();

  constructor(options: CrashReporterOptions) {
    this.#options = options;
  }

  /**
   * Writes a report whenever an error reaches the top of `source`, then calls `onCrash`, which ends the app where
   * `endsTheApp` says so.
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
  write(kind: CrashKind, error: unknown): void {
    tryTo(() => {
      const report: CrashReport = { at: Date.now(), kind, text: this.#describe(kind, error) };
      const kept = withoutLeast([...this.#kept(), report]);
      if (!kept.includes(report)) return;
      this.#ofThisRun.add(report);
      this.#keep(kept);
    });
  }

  /** What to tell of earlier runs; null when nothing went wrong or the person has dismissed it. Never throws. */
  noticeOfEarlierRuns(): CrashNotice | null {
    const earlier = this.#kept().filter((report) => !this.#ofThisRun.has(report));
    const ending = earlier.findLast(({ kind }) => endsTheApp(kind));
    if (ending) return { kind: "previous_crash", at: ending.at };
    const last = earlier.at(-1);
    return last ? { kind: "previous_error", at: last.at } : null;
  }

  /** Forgets the reports of earlier runs, which the person has been told of. Those of this run stay for the next. */
  dismiss(): void {
    this.#keep(this.#kept().filter((report) => this.#ofThisRun.has(report)));
  }

  /**
   * What the person copies, at most 65,536 characters: the reports that are kept, the newest first; or, where nothing
   * went wrong, one of now.
   */
  text(): string {
    const texts = this.#kept().map(({ text }) => text);
    return texts.length === 0 ? this.#describe("report", null) : texts.reverse().join("\n\n");
  }

  /** What is kept. A damaged file is none: there is nothing in it that can be told. */
  #kept(): readonly CrashReport[] {
    if (this.#reports === null) {
      this.#reports = [];
      tryTo(() => {
        const file = ReportFile.parse(JSON.parse(readFileSync(this.#options.path, "utf8")));
        this.#reports = file.reports;
      });
    }
    return this.#reports;
  }

  #keep(reports: readonly CrashReport[]): void {
    this.#reports = reports;
    const { path } = this.#options;
    if (reports.length === 0) return rmSync(path, { force: true });
    const temporary = `${path}.new`;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // A leftover, or a link that leads elsewhere: not to be written through.
      rmSync(temporary, { force: true });
      const file = openSync(temporary, "wx", 0o600);
      try {
        const bytes = Buffer.from(JSON.stringify({ reports }), "utf8");
        for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
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

  /** Versions, error and causes whole, then as many of the last log lines as there is room for. */
  #describe(kind: CrashKind | "report", error: unknown): string {
    const { redactor, about, recentLines } = this.#options;
    const head = [`Steward ${kind}, ${new Date().toISOString()}`, ...about.map((line) => redactor.text(line)), ""];
    for (const one of error === null ? [] : withCauses(error, redactor)) head.push(cut(one, MAX_ERROR), "");
    const start = [...head, "Recent log:"].join("\n");
    let room = MAX_REPORT - start.length;
    const log: string[] = [];
    for (const line of [...recentLines()].reverse()) {
      const shown = cut(line, MAX_LINE);
      room -= shown.length + 1;
      if (room < 0) break;
      log.push(shown);
    }
    return [start, ...log.reverse()].join("\n");
  }
}

/**
 * The reports without the one that says least, where there are too many: the last that the app survived, so that one
 * that comes again and again takes no other's place; where it survived none, the second.
 */
function withoutLeast(reports: readonly CrashReport[]): readonly CrashReport[] {
  if (reports.length <= MAX_REPORTS) return reports;
  const survived = reports.findLastIndex(({ kind }) => !endsTheApp(kind));
  const least = survived >= 0 ? survived : 1;
  return reports.filter((_, index) => index !== least);
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)} [cut]` : text;
}

/** The error and what caused it, as redacted text, outermost first. */
function withCauses(error: unknown, redactor: Redactor): string[] {
  const texts: string[] = [];
  for (let current = error; texts.length < MAX_CAUSES && current !== undefined;) {
    texts.push(current instanceof Error ? redactor.text(errorText(current, MAX_MESSAGE)) : describeThrown(current, redactor));
    current = current instanceof Error ? current.cause : undefined;
  }
  return texts;
}

function describeThrown(thrown: unknown, redactor: Redactor): string {
  try {
    return `Thrown: ${JSON.stringify(redactor.value(thrown))}`;
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
