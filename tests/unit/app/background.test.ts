import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AutostartFile, autostartPath } from "../../../main/app/autostartFile.ts";
import { BackgroundService } from "../../../main/app/background.ts";
import { startAtLogin, type StartAtLoginParts } from "../../../main/app/startAtLogin.ts";
import { trayHost } from "../../../main/app/trayHost.ts";
import type { Settings } from "../../../shared/contract/app.ts";
import { errorOf } from "../../support/errorOf.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder("background");
});
afterEach(() => folder.remove());

describe("the file that starts it at sign-in", () => {
  test("lies where the desktop looks", () => {
    expect(autostartPath({ HOME: "/home/ada" })).toBe("/home/ada/.config/autostart/steward.desktop");
    expect(autostartPath({ HOME: "/home/ada", XDG_CONFIG_HOME: "/conf" })).toBe("/conf/autostart/steward.desktop");
    // As the specification has it.
    expect(autostartPath({ HOME: "/home/ada", XDG_CONFIG_HOME: "conf" })).toBe("/home/ada/.config/autostart/steward.desktop");
    expect(autostartPath({ HOME: "/home/ada", XDG_CONFIG_HOME: "" })).toBe("/home/ada/.config/autostart/steward.desktop");
  });

  test("is written whole and removed, and leaves nothing beside it", async () => {
    const path = join(folder.path, "config/autostart/steward.desktop");
    const file = new AutostartFile(path, ["/opt/Steward/steward", "--hidden"]);
    expect(await file.isOn()).toBe(false);
    await file.set(true);
    expect(await file.isOn()).toBe(true);
    expect(await readFile(path, "utf8")).toMatch(
      /^\[Desktop Entry\]\nType=Application\n[^]*^Exec="\/opt\/Steward\/steward" "--hidden"$[^]*\n$/m,
    );
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);
    await file.set(true);
    await file.set(false);
    expect(await readdir(join(folder.path, "config/autostart"))).toEqual([]);
    expect(await file.isOn()).toBe(false);
    await file.set(false);
  });

  test.each(["Hidden=true", "X-GNOME-Autostart-enabled=false", "  hidden = TRUE  "])(
    "counts as off where the desktop has written %s",
    async (line) => {
      const path = join(folder.path, "steward.desktop");
      const file = new AutostartFile(path, ["/opt/steward"]);
      await writeFile(path, `[Desktop Entry]\nType=Application\nExec=/opt/steward\n${line}\n`);
      expect(await file.isOn()).toBe(false);
      await file.set(true);
      expect(await file.isOn()).toBe(true);
    },
  );

  test("takes any path, as the specification escapes it", async () => {
    const path = join(folder.path, "steward.desktop");
    await new AutostartFile(path, ['/home/ada/my "apps"/$x `y` \\ 100%/Steward.AppImage']).set(true);
    expect(await readFile(path, "utf8")).toContain(
      'Exec="/home/ada/my \\\\"apps\\\\"/\\\\$x \\\\`y\\\\` \\\\\\\\ 100%%/Steward.AppImage"\n',
    );
  });

  test("says what the disk refuses", async () => {
    await writeFile(join(folder.path, "config"), "not a folder");
    const file = new AutostartFile(join(folder.path, "config/autostart/steward.desktop"), ["/opt/steward"]);
    expect(await errorOf(file.set(true))).toMatchObject({ kind: "file_failed" });
  });
});

describe("starting at sign-in", () => {
  const parts = (given: Partial<StartAtLoginParts>): StartAtLoginParts => ({
    platform: "linux",
    packaged: true,
    execPath: "/opt/Steward/steward",
    env: { XDG_CONFIG_HOME: folder.path },
    loginItems: { getLoginItemSettings: () => ({ openAtLogin: false }), setLoginItemSettings: () => undefined },
    ...given,
  });

  test("can't be had from sources, or from inside a sandbox", () => {
    expect(startAtLogin(parts({ packaged: false }))).toBeNull();
    expect(startAtLogin(parts({ env: { FLATPAK_ID: "org.steward.desktop" } }))).toBeNull();
    expect(startAtLogin(parts({ env: { SNAP: "/snap/steward/1" } }))).toBeNull();
  });

  test("names an AppImage itself, not the folder that it was mounted in", async () => {
    const env = { XDG_CONFIG_HOME: folder.path, APPIMAGE: "/home/ada/Steward.AppImage" };
    await startAtLogin(parts({ env, execPath: "/tmp/.mount_StewaXYZ/steward" }))?.set(true);
    expect(await readFile(join(folder.path, "autostart/steward.desktop"), "utf8")).toContain(
      'Exec="/home/ada/Steward.AppImage" "--hidden"\n',
    );
  });

  test.each(["darwin", "win32"] as const)("is left to the system on %s", async (platform) => {
    const kept: unknown[] = [];
    const login = startAtLogin(
      parts({
        platform,
        loginItems: {
          getLoginItemSettings: (options) => ({
            openAtLogin: JSON.stringify(options) === JSON.stringify(platform === "win32" ? { args: ["--hidden"] } : {}),
          }),
          setLoginItemSettings: (settings) => void kept.push(settings),
        },
      }),
    );
    await login?.set(true);
    await login?.set(false);
    const args = platform === "win32" ? { args: ["--hidden"] } : {};
    expect(kept).toEqual([
      { openAtLogin: true, ...args },
      { openAtLogin: false, ...args },
    ]);
    expect(await login?.isOn()).toBe(true);
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe("icons of running apps", () => {
  test.each([
    ["   boolean true\n", "shown"],
    ["   boolean false\n", "none"],
    ["Error: who knows", "unknown"],
  ])("are looked for on the session's bus: %j", async (answer, expected) => {
    const asked: string[] = [];
    const run = (program: string, args: readonly string[]): Promise<string> => {
      asked.push([program, ...args].join(" "));
      return Promise.resolve(answer);
    };
    expect(await trayHost("linux", run)).toBe(expected);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^dbus-send --session .*NameHasOwner string:org\.kde\.StatusNotifierWatcher$/);
  });

  test("are unknown where there is no bus, and there on other systems", async () => {
    const never = (): Promise<string> => Promise.reject(new Error("ENOENT"));
    expect(await trayHost("linux", never)).toBe("unknown");
    expect([await trayHost("darwin", never), await trayHost("win32", never)]).toEqual(["shown", "shown"]);
  });
});

describe("the app without its window", () => {
  const settings = (keepRunning?: boolean): Settings => ({
    theme: "system",
    language: "system",
    ...(keepRunning !== undefined && { keepRunning }),
  });

  test("keeps running only where the person wants it, with an icon", () => {
    const happened: string[] = [];
    const tray = { show: () => void happened.push("shown"), hide: () => void happened.push("hidden") };
    const service = new BackgroundService({ tray, trayHost: () => Promise.resolve("shown"), startAtLogin: null, logger: quietLogger });
    for (const keep of [undefined, false, true, true, false]) {
      service.apply(settings(keep));
      expect(service.keepsRunning).toBe(keep ?? false);
    }
    expect(happened).toEqual(["shown", "hidden"]);
  });

  test("keeps running without an icon where none can be shown", () => {
    const refuse = (): never => {
      throw new Error("no icon");
    };
    const service = new BackgroundService({
      tray: { show: refuse, hide: refuse },
      trayHost: () => Promise.resolve("none"),
      startAtLogin: null,
      logger: quietLogger,
    });
    service.apply(settings(true));
    expect(service.keepsRunning).toBe(true);
  });

  test("says whether it starts at sign-in, and refuses where it can't", async () => {
    const tray = { show: () => undefined, hide: () => undefined };
    const common = { tray, trayHost: () => Promise.resolve("none" as const), logger: quietLogger };
    const never = new BackgroundService({ ...common, startAtLogin: null });
    expect(await never.background()).toEqual({ tray: "none", startsAtLogin: null });
    expect(await errorOf(never.startAtLogin({ on: true }))).toMatchObject({ kind: "invalid_input" });
    await mkdir(join(folder.path, "autostart"));
    const able = new BackgroundService({
      ...common,
      startAtLogin: new AutostartFile(join(folder.path, "autostart/steward.desktop"), ["/opt/steward"]),
    });
    expect(await able.background()).toEqual({ tray: "none", startsAtLogin: false });
    expect(await able.startAtLogin({ on: true })).toEqual({ tray: "none", startsAtLogin: true });
    expect(await able.startAtLogin({ on: false })).toEqual({ tray: "none", startsAtLogin: false });
  });
});
