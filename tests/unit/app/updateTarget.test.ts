import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { updateTarget } from "../../../main/app/updateTarget.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let appImage: string;

beforeEach(async () => {
  folder = await temporaryFolder("updateTarget");
  appImage = join(folder.path, "Steward-1.2.0.AppImage");
  await writeFile(appImage, "the old program", { mode: 0o755 });
});
afterEach(() => folder.remove());

describe("what a newer version takes the place of", () => {
  const linux = { platform: "linux", packaged: true, execPath: "/tmp/.mount_x/steward", env: {} } as const;

  test("an AppImage is what was started as one, and not what another AppImage has started", async () => {
    const env = { APPIMAGE: appImage, APPDIR: "/tmp/.mount_x" };
    expect(await updateTarget({ ...linux, env })).toEqual({ extension: "AppImage", path: appImage });
    expect(await updateTarget({ ...linux, env, execPath: "/opt/Steward/steward" })).toBeNull();
    expect(await updateTarget({ ...linux, env, execPath: "/tmp/.mount_xyz/steward" })).toBeNull();
    expect(await updateTarget({ ...linux, env: { APPIMAGE: appImage } })).toBeNull();
    expect(await updateTarget({ ...linux, env: { ...env, APPIMAGE: "Steward.AppImage" } })).toBeNull();
    expect(await updateTarget({ ...linux, env: { ...env, APPIMAGE: `${appImage}.gone` } })).toBeNull();
  });

  test("the system's packages see to themselves", async () => {
    expect(await updateTarget(linux)).toBeNull();
    expect(await updateTarget({ ...linux, env: { FLATPAK_ID: "org.steward.desktop" } })).toBeNull();
  });

  test("on Windows it is what the installer has put there", async () => {
    const execPath = join(folder.path, "Steward.exe");
    const windows = { platform: "win32", packaged: true, execPath, env: {} } as const;
    expect(await updateTarget(windows)).toBeNull();
    await writeFile(join(folder.path, "Uninstall Steward.exe"), "");
    expect(await updateTarget(windows)).toEqual({ extension: "exe" });
  });
});
