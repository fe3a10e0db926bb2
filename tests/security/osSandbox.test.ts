import { execFile } from "node:child_process";
import { chmod, chown, copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { _electron } from "playwright";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stagedApp } from "../../build/stage.ts";

const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

/**
 * Root cannot have Chromium's sandbox, so everything else in these tests runs without it. Here the app is started as
 * somebody else, from a copy whose sandbox helper is set up as an installed package sets it up.
 */
describe.runIf(process.platform === "linux" && asRoot)("the operating system's sandbox", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "steward-sandbox-"));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("holds the page's process, even when started with --no-sandbox", async () => {
    const { folder: staged, executable } = stagedApp();
    const copy = join(folder, "app");
    await promisify(execFile)("cp", ["-aLl", staged, copy]).catch(() => cp(staged, copy, { recursive: true }));
    // A file of its own, because the others are hard links.
    const helper = join(copy, "chrome-sandbox");
    await rm(helper);
    await copyFile(join(staged, "chrome-sandbox"), helper);
    await chown(helper, 0, 0);
    await chmod(helper, 0o4755);

    const home = join(folder, "home");
    await promisify(execFile)("install", ["-d", "-o", String(NOBODY), "-g", String(NOBODY), home]);
    const display = process.env["XAUTHORITY"];
    if (display) {
      await copyFile(display, join(home, ".Xauthority"));
      await chown(join(home, ".Xauthority"), NOBODY, NOBODY);
    }
    const start = join(folder, "start");
    const program = join(copy, basename(executable));
    await writeFile(
      start,
      `#!/bin/sh\nexec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ` +
        `env HOME='${home}' XAUTHORITY='${home}/.Xauthority' '${program}' "$@"\n`,
    );
    await chmod(start, 0o755);

    const app = await _electron.launch({
      executablePath: start,
      args: [`--user-data-dir=${home}/data`, "--disable-gpu", "--no-sandbox"],
      timeout: 30_000,
    });
    try {
      await app.firstWindow();
      const pages = await app.evaluate(({ app: electronApp }) =>
        electronApp
          .getAppMetrics()
          .filter(({ type }) => type === "Tab")
          .map(({ pid }) => pid),
      );
      expect(pages.length).toBeGreaterThan(0);
      for (const pid of pages) {
        const status = await readFile(`/proc/${pid}/status`, "utf8");
        // 2 is "filter": the kernel refuses the process most system calls.
        expect(/^Seccomp:\s*(\d)/m.exec(status)?.[1]).toBe("2");
      }
    } finally {
      await app.close();
    }
  }, 90_000);
});
