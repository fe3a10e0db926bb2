import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger, LogFile } from "../../../main/logging/logFile.ts";
import { Redactor } from "../../../main/logging/redact.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const redactor = new Redactor({ homeDirectory: "/home/ada" });
const TOKEN = "syt_YWRh_abcdefghijklmnopqrst_1a2b3c";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeEach(async () => {
  folder = await temporaryFolder("log");
  path = join(folder.path, "logs", "steward.log");
});
afterEach(() => folder.remove());

describe("LogFile", () => {
  it("writes redacted lines of the level asked for, for this user alone", async () => {
    const file = new LogFile({ path, redactor });
    const log = createLogger(file, "sessions");
    log.debug("quiet");
    log.info(`signed in with ${TOKEN}`, { accessToken: "opaque-token", user: "@ada:hs" });
    log.error("failed", { error: new AppFailure({ kind: "not_found" }, { cause: new Error(TOKEN) }) });
    await file.flush();
    const text = await readFile(path, "utf8");
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^\d{4}-.*Z INFO {2}\[sessions\] signed in with \[redacted\] \{.*"user":"@ada:hs"\}$/);
    expect(lines[1]).toContain('"kind":"not_found"');
    expect(text).not.toMatch(/syt_|opaque-token/);
    expect(file.recent()).toHaveLength(3);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("gives a text no line of its own", async () => {
    const file = new LogFile({ path, redactor });
    createLogger(file, "x").warn("one\n2026-01-01T00:00:00.000Z ERROR [x] forged\u2028\u001b[2J", { "a\nb": "c\r\nd" });
    await file.flush();
    const text = await readFile(path, "utf8");
    expect(text.trimEnd()).not.toMatch(/[\p{Cc}\u2028]/u);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("stays within its size and loses no line of the last file", async () => {
    const file = new LogFile({ path, redactor, maxBytes: 2_000, recentLines: 5 });
    const log = createLogger(file, "x");
    for (let at = 0; at < 100; at += 1) {
      log.info(`line ${String(at)}`);
      await file.flush();
    }
    expect((await readdir(join(folder.path, "logs"))).sort()).toEqual(["steward.log", "steward.log.1"]);
    for (const name of [path, `${path}.1`]) {
      expect((await stat(name)).size).toBeLessThanOrEqual(2_000);
      expect((await stat(name)).mode & 0o777).toBe(0o600);
    }
    const kept = (await readFile(`${path}.1`, "utf8")) + (await readFile(path, "utf8"));
    const numbers = [...kept.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 100 - numbers.length + at));
    expect(file.recent().map((line) => line.split(" ").at(-1))).toEqual(["95", "96", "97", "98", "99"]);
  });

  it("goes on when it cannot be written", async () => {
    await writeFile(join(folder.path, "logs"), "a file where the folder should be");
    const file = new LogFile({ path, redactor });
    createLogger(file, "x").error("kept in memory");
    await file.flush();
    createLogger(file, "x").error("too");
    file.flushSync();
    expect(file.recent()).toHaveLength(2);
  });
});
