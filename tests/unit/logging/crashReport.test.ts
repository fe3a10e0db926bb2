import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CrashReporter } from "../../../main/logging/crashReport.ts";
import { createLogger, LogFile } from "../../../main/logging/logFile.ts";
import { Redactor } from "../../../main/logging/redact.ts";
import { MAX_COPIED } from "../../../shared/contract/app.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const redactor = new Redactor({ homeDirectory: "/home/ada" });
const TOKEN = "syt_YWRh_abcdefghijklmnopqrst_1a2b3c";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeEach(async () => {
  folder = await temporaryFolder("crash");
  path = join(folder.path, "logs", "crash.json");
});
afterEach(() => folder.remove());

/** The reporter of one run of the app: what another has left is that of an earlier run. */
const open = (recent: readonly string[] = ["line one"]): CrashReporter =>
  new CrashReporter({ path, redactor, about: ["Steward 1.2.3 at /home/ada/app"], recentLines: () => recent });

/** The errors of the reports that would be copied, in their order. */
const told = (reporter: CrashReporter): string[] => [...reporter.text().matchAll(/^Error: (.*)$/gm)].map(([, message]) => message ?? "");

describe("a crash report", () => {
  it("is redacted, for this user alone, and there until it is dismissed", async () => {
    const source = new EventEmitter();
    const seen: unknown[] = [];
    open().watch(source, (kind, error) => seen.push(kind, error));
    const error = new Error(`no ${TOKEN}`, { cause: { password: "hunter2", at: "/home/ada/x" } });
    source.emit("uncaughtException", error);
    expect(seen).toEqual(["uncaughtException", error]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = open().text();
    expect(text).toContain("Steward uncaughtException");
    expect(text).toContain("Steward 1.2.3 at ~/app");
    expect(text).toContain("Error: no [redacted]");
    expect(text).toContain("line one");
    expect(text + (await readFile(path, "utf8"))).not.toMatch(/syt_|hunter2|home\/ada/);
    open().dismiss();
    open().dismiss();
    expect(await readdir(join(folder.path, "logs"))).toEqual([]);
    expect(open().noticeOfEarlierRuns()).toBeNull();
  });

  it("says whether the app ended with it", () => {
    const source = new EventEmitter();
    open().watch(source, () => undefined);
    source.emit("unhandledRejection", undefined);
    const notice = open().noticeOfEarlierRuns();
    expect(notice?.kind).toBe("previous_error");
    expect(Date.now() - (notice?.at ?? 0)).toBeLessThan(60_000);
    expect(open().text()).toContain("Steward unhandledRejection");
    source.emit("uncaughtException", new Error("the end"));
    expect(open().noticeOfEarlierRuns()?.kind).toBe("previous_crash");
    open().write("unhandledRejection", new Error("after it"));
    expect(open().noticeOfEarlierRuns()?.kind).toBe("previous_crash");
    open().dismiss();
    open().write("start", new Error("no disk"));
    expect(open().noticeOfEarlierRuns()?.kind).toBe("previous_crash");
  });

  it("keeps its error, causes and versions, however long they and the log are", () => {
    const log = new LogFile({ path: join(folder.path, "steward.log"), redactor, level: "error" });
    const logger = createLogger(log, "sync");
    for (let at = 1; at <= 400; at += 1) logger.debug(`line ${String(at)} ${"x".repeat(at % 100 === 0 ? 15_000 : 100)}`);
    const cause = new Error(`the cause ${"y".repeat(40_000)}`, { cause: new Error("the first cause") });
    open(log.recent()).write("uncaughtException", new Error(`the end ${"z".repeat(40_000)}`, { cause }));
    const text = open().text();
    expect(text).toMatch(/^Steward uncaughtException, \d{4}-.*\nSteward 1\.2\.3 at ~\/app\n\nError: the end z/);
    expect(text).toContain("Error: the cause y");
    expect(text).toContain("Error: the first cause");
    const numbers = [...text.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 401 - numbers.length + at));
    expect(text.length).toBeLessThanOrEqual(20_000);
  });

  it("can be copied together with the others", () => {
    const reporter = open(Array.from({ length: 300 }, (_, at) => `${String(at)} ${"x".repeat(500)}`));
    expect(reporter.text()).toContain("Steward report");
    for (const message of ["one", "two", "three"]) reporter.write("uncaughtException", new Error(message));
    expect(told(reporter)).toEqual(["three", "two", "one"]);
    expect(reporter.text().length).toBeGreaterThan(50_000);
    expect(reporter.text().length).toBeLessThanOrEqual(MAX_COPIED);
  });
});

describe("the reports that nobody has seen", () => {
  it("stay when others come, and go only with what was told", () => {
    open().write("uncaughtException", new Error("the end"));
    const running = open();
    expect(running.noticeOfEarlierRuns()?.kind).toBe("previous_crash");
    running.write("unhandledRejection", new Error("meanwhile"));
    expect(told(running)).toEqual(["meanwhile", "the end"]);
    expect(told(open())).toEqual(["meanwhile", "the end"]);
    running.dismiss();
    expect(told(open())).toEqual(["meanwhile"]);
    expect(open().noticeOfEarlierRuns()?.kind).toBe("previous_error");
    expect(running.noticeOfEarlierRuns()).toBeNull();
  });

  it("do not give way to an error that comes again and again, but that one does to the end", () => {
    open().write("uncaughtException", new Error("the end"));
    const running = open();
    for (let at = 1; at <= 50; at += 1) running.write("unhandledRejection", new Error(`again ${String(at)}`));
    expect(told(open())).toEqual(["again 2", "again 1", "the end"]);
    running.write("uncaughtException", new Error("the second end"));
    expect(told(open())).toEqual(["the second end", "again 1", "the end"]);
  });

  it("are of the first and of the last, when it ends at every start", () => {
    for (let at = 1; at <= 9; at += 1) open().write("start", new Error(`end ${String(at)}`));
    expect(told(open())).toEqual(["end 9", "end 8", "end 1"]);
  });
});

describe("the reporter", () => {
  it("writes the report of a process that ends at that moment", () => {
    const child = fileURLToPath(new URL("../../support/crashChild.ts", import.meta.url));
    const { status } = spawnSync(process.execPath, [child, path, TOKEN], { stdio: "ignore" });
    expect(status).toBe(70);
    expect(open().text()).toContain("at the top of");
    expect(open().text()).not.toContain("syt_");
  });

  it("takes a damaged file for none, and never throws when it writes", async () => {
    await mkdir(join(folder.path, "logs"));
    await writeFile(path, '{"reports":[{"at":1,"te');
    expect(open().noticeOfEarlierRuns()).toBeNull();
    const nowhere = new CrashReporter({
      path: join(path, "below-a-file", "x"),
      redactor,
      about: [],
      recentLines: () => {
        throw new Error("no lines");
      },
    });
    expect(() =>
      nowhere.write("uncaughtException", {
        toJSON: () => {
          throw new Error("hostile");
        },
      }),
    ).not.toThrow();
  });

  it("still has what could not be written", async () => {
    await writeFile(join(folder.path, "logs"), "a file where the folder should be");
    const reporter = open();
    reporter.write("unhandledRejection", new Error("kept in memory"));
    expect(told(reporter)).toEqual(["kept in memory"]);
    expect(open().noticeOfEarlierRuns()).toBeNull();
  });
});
