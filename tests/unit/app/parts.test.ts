import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ClipboardTimeout } from "../../../main/app/clipboardTimeout.ts";
import { BACKGROUND } from "../../../main/app/colours.ts";
import { cleanEnvironment } from "../../../main/app/environment.ts";
import { fillIn } from "../../../main/app/polyfills.ts";
import { RateBudget } from "../../../main/app/rateBudget.ts";
import { CrashReporter } from "../../../main/logging/crashReport.ts";
import { Redactor } from "../../../main/logging/redact.ts";
import { writeDurably, writeForPerson } from "../../../main/storage/durableFile.ts";
import { refusedSwitches } from "../../../main/app/switches.ts";
import { withDeadline } from "../../../main/app/withDeadline.ts";
import { fitPlace, SMALLEST, USUAL } from "../../../main/app/windowPlace.ts";
import type { WindowBounds } from "../../../main/storage/settingsFile.ts";
import { AppFailure } from "../../../shared/errors.ts";

describe("fitPlace", () => {
  const place: WindowBounds = { x: 100, y: 50, width: 1000, height: 700, maximized: false, zoomFactor: 1 };
  const display = { x: 0, y: 0, width: 1920, height: 1040 };

  test("keeps a place that is on a display", () => {
    expect(fitPlace(place, [display])).toEqual({ x: 100, y: 50, width: 1000, height: 700 });
    const onSecond = { ...place, x: -1500 };
    expect(fitPlace(onSecond, [display, { ...display, x: -1920 }])).toMatchObject({ x: -1500 });
  });

  test("drops a position nobody could reach, and keeps the size", () => {
    for (const gone of [{ x: -1500 }, { x: 1900 }, { y: -60 }, { y: 1039 }, { y: -200 }]) {
      expect(fitPlace({ ...place, ...gone }, [display])).toEqual({ width: 1000, height: 700 });
    }
  });

  test("cuts a size to the display, and never below the smallest", () => {
    expect(fitPlace({ ...place, x: 0, y: 0, width: 9000, height: 9000 }, [display])).toMatchObject({
      width: 1920,
      height: 1040,
    });
    expect(fitPlace({ ...place, width: 10, height: 10 }, [display])).toMatchObject(SMALLEST);
    expect(fitPlace(null, [display])).toEqual(USUAL);
  });
});

describe("RateBudget", () => {
  test("gives three in a minute, again when the minute is over or a person asks", () => {
    let now = 0;
    const budget = new RateBudget({ times: 3, withinMs: 60_000 }, () => now);
    expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, true, false]);
    now = 59_999;
    expect(budget.take()).toBe(false);
    now = 60_000;
    expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, true, false]);
    budget.reset();
    expect(budget.take()).toBe(true);
  });
});

describe("ClipboardTimeout", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const clipboard = {
    text: "",
    readText: () => Promise.resolve(clipboard.text),
    writeText: (text: string) => {
      clipboard.text = text;
    },
    clear: () => {
      clipboard.text = "";
    },
  };

  test("takes a secret off the clipboard when its time is up", async () => {
    await new ClipboardTimeout(clipboard, 60_000).copy("EsTc");
    await vi.advanceTimersByTimeAsync(59_999);
    expect(clipboard.text).toBe("EsTc");
    await vi.advanceTimersByTimeAsync(1);
    expect(clipboard.text).toBe("");
  });

  test("leaves what was copied afterwards", async () => {
    await new ClipboardTimeout(clipboard, 60_000).copy("EsTc");
    clipboard.text = "a poem";
    await vi.advanceTimersByTimeAsync(60_000);
    expect(clipboard.text).toBe("a poem");
  });

  test("counts anew when copied again, and clears at once when told", async () => {
    const briefly = new ClipboardTimeout(clipboard, 60_000);
    await briefly.copy("EsTc");
    await vi.advanceTimersByTimeAsync(40_000);
    await briefly.copy("EsTc");
    await vi.advanceTimersByTimeAsync(40_000);
    expect(clipboard.text).toBe("EsTc");
    await briefly.clear();
    expect(clipboard.text).toBe("");
  });
});

describe("refusedSwitches", () => {
  const rules = { platform: "linux", debuggingPort: false } as const;

  test("lets through what a person needs", () => {
    const args = ["--user-data-dir=/x", "--lang=de", "--ozone-platform-hint=auto", "--force-device-scale-factor=2", "--no-sandbox"];
    expect(refusedSwitches([...args, "a file", "", "-", "https://x/--inspect"], rules)).toEqual([]);
    expect(refusedSwitches(["--", "--inspect"], rules)).toEqual([]);
    expect(refusedSwitches(["-psn_0_12345"], { ...rules, platform: "darwin" })).toEqual([]);
  });

  test.each([
    "--remote-debugging-port=0", "--remote-debugging-port", "--remote-debugging-port=9222", "--remote-debugging-pipe", "-remote-debugging-port=0",
    "--browser-subprocess-path=/x", "--renderer-cmd-prefix=gdb", "--utility-cmd-prefix=x", "--gpu-launcher=x", "--log-net-log=/x",
    "--js-flags=--expose-gc", "--inspect", "--inspect=0", "--inspect-brk", "--inspect-port=1", "--load-extension=/x", "--disable-web-security",
    "--host-rules=MAP * x", "--host-resolver-rules=x", "--proxy-server=x", "--proxy-pac-url=x", "--ignore-certificate-errors", "--ssl-key-log-file=/x",
    "--enable-logging", "--require=/x", "-r", "--no-zygote", "--single-process", "--disable-features=x", "--something-new", "--Lang=de", "--=x",
  ])("refuses %s", (arg) => {
    expect(refusedSwitches(["--lang=de", arg], rules)).toHaveLength(1);
  }); // prettier-ignore

  test("reads a command line as the system does", () => {
    expect(refusedSwitches(["/inspect", "--Lang=de", "/x/y"], { ...rules, platform: "win32" })).toEqual(["/inspect", "/x/y"]);
    expect(refusedSwitches(["/inspect"], rules)).toEqual([]);
  });

  test("lets one debugging port through, for the test of the packaged app", () => {
    const open = { ...rules, debuggingPort: true };
    expect(refusedSwitches(["--remote-debugging-port=0"], open)).toEqual([]);
    expect(refusedSwitches(["--remote-debugging-port=1", "--inspect"], open)).toHaveLength(2);
  });
});

describe("cleanEnvironment", () => {
  test("takes out what would take protections off, in any capitals, and nothing else", () => {
    const environment = {
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      Node_Options: "-r /x",
      SSLKEYLOGFILE: "/x",
      PATH: "/bin",
      NODE_EXTRA_CA_CERTS: "/ca",
    };
    expect(cleanEnvironment(environment)).toEqual(["NODE_TLS_REJECT_UNAUTHORIZED", "Node_Options", "SSLKEYLOGFILE"]);
    expect(environment).toEqual({ PATH: "/bin", NODE_EXTRA_CA_CERTS: "/ca" });
  });
});

describe("withDeadline", () => {
  test("tells apart what resolves, rejects and takes too long", async () => {
    expect(await withDeadline(Promise.resolve(1), 1_000)).toEqual({ kind: "resolved" });
    expect(await withDeadline(Promise.reject(new Error("no")), 1_000)).toMatchObject({ kind: "rejected" });
    expect(await withDeadline(new Promise(() => undefined), 1)).toEqual({ kind: "late" });
  });
});

describe.runIf(process.platform !== "win32")("a file that is written", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "steward-planted-"));
    await writeFile(join(folder, "victim"), "mine", { mode: 0o644 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ["writeDurably", writeDurably],
    ["writeForPerson", writeForPerson],
  ])("by %s goes through no link that somebody has planted", async (_name, write) => {
    const path = join(folder, "Security Key.txt");
    for (const name of [`${path}.new`, path]) await symlink(join(folder, "victim"), name);
    await write(path, "EsTc");
    expect(await readFile(join(folder, "victim"), "utf8")).toBe("mine");
    expect(await readFile(path, "utf8")).toBe("EsTc");
    expect((await lstat(path)).isFile()).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("in a folder of the person's has no name that somebody could lie in wait at, and leaves nothing behind", async () => {
    const path = join(folder, "Security Key.txt");
    await mkdir(`${path}.new`);
    await writeForPerson(path, "EsTc");
    expect((await readdir(folder)).sort()).toEqual(["Security Key.txt", "Security Key.txt.new", "victim"]);
    await mkdir(join(folder, "taken"));
    await expect(writeForPerson(join(folder, "taken"), "EsTc")).rejects.toBeInstanceOf(AppFailure);
    expect(await readdir(folder)).toHaveLength(4);
  });

  test("as a crash report goes through none either", async () => {
    const path = join(folder, "crash.json");
    await symlink(join(folder, "victim"), `${path}.new`);
    const redactor = new Redactor({ homeDirectory: null });
    new CrashReporter({ path, redactor, about: [], recentLines: () => [] }).write("start", new Error("no"));
    expect(await readFile(join(folder, "victim"), "utf8")).toBe("mine");
    expect(await readFile(path, "utf8")).toContain("Error: no");
  });
});

describe("writeDurably", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "steward-save-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("writes a file that only this person may read, also over one that others could", async () => {
    const path = join(folder, "Security Key.txt");
    for (const text of ["EsTc 1", "EsTc 2"]) {
      await writeDurably(path, text);
      expect(await readFile(path, "utf8")).toBe(text);
      if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);
      await rm(path);
      await writeFile(path, "old", { mode: 0o644 });
    }
  });

  test("says why it could not", async () => {
    const failure: unknown = await writeDurably(join(folder, "gone/x.txt"), "x").catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(AppFailure);
    expect((failure as AppFailure).error).toEqual({ kind: "file_failed", reason: "vanished" });
  });
});

describe("fillIn", () => {
  test("gives an old Node what it lacks", async () => {
    const scope: { crypto?: Crypto } = {};
    const promiseStatics: { withResolvers?: <T>() => { promise: Promise<T>; resolve: (value: T) => void } } = {};
    const url: { canParse?: (url: string, base?: string) => boolean } = {};
    fillIn({ scope, promise: promiseStatics, url });
    expect(scope.crypto?.getRandomValues(new Uint8Array(2))).toHaveLength(2);
    expect(url.canParse?.("/a", "https://b.example")).toBe(true);
    expect(url.canParse?.("/a")).toBe(false);
    const resolvers = promiseStatics.withResolvers?.call(Promise);
    resolvers?.resolve(7);
    expect(await resolvers?.promise).toBe(7);
  });

  test("leaves what is there", () => {
    const own = { crypto: "own" };
    fillIn({ scope: own, promise: Promise, url: URL });
    expect(own.crypto).toBe("own");
  });
});

describe("the window's background", () => {
  test("is the colour of the page, so that nothing flashes", async () => {
    const tokens = await readFile(new URL("../../../renderer/app/tokens.css", import.meta.url), "utf8");
    expect([...tokens.matchAll(/--page: (#[0-9a-f]{6})/g)].map(([, colour]) => colour)).toEqual([BACKGROUND.light, BACKGROUND.dark]);
  });
});
