import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Folders, makePrivateFolder } from "../../../main/storage/folders.ts";
import { SettingsFile } from "../../../main/storage/settingsFile.ts";
import { AccountId } from "../../../shared/ids.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder("settings");
});
afterEach(() => folder.remove());

describe("SettingsFile", () => {
  const open = (): SettingsFile => new SettingsFile({ path: join(folder.path, "s.json"), onDamaged: () => undefined });

  it("begins with the defaults and keeps what is chosen, the window apart", async () => {
    expect(await open().settings()).toEqual({ theme: "system", language: "system" });
    expect(await open().windowBounds()).toBeNull();
    const window = { x: -10, y: 0, width: 900, height: 600, maximized: true, zoomFactor: 1 };
    await open().keepWindowBounds(window);
    expect(await open().updateSettings({ theme: "dark" })).toEqual({ theme: "dark", language: "system" });
    expect(await open().updateSettings({ theme: undefined })).toEqual({ theme: "dark", language: "system" });
    expect(await open().windowBounds()).toEqual(window);
  });

  it("keeps the rest where only a later version knows the language", async () => {
    await open().updateSettings({ theme: "dark", language: "de" });
    const path = join(folder.path, "s.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"de"', '"tlh"'));
    expect(await open().settings()).toEqual({ theme: "dark", language: "system" });
    expect(await open().updateSettings({ language: "en" })).toEqual({ theme: "dark", language: "en" });
  });

  it("keeps the last five homeservers, each once, the last first, until they are forgotten", async () => {
    expect(await open().homeservers()).toEqual([]);
    await open().updateSettings({ theme: "dark" });
    for (const name of ["a.example", "b.example", "c.example", "d.example", "e.example", "B.example", "https://f.example"]) {
      await open().keepHomeserver(name);
    }
    const kept = ["https://f.example", "B.example", "e.example", "d.example", "c.example"];
    expect([await open().homeservers(), await open().settings()]).toEqual([kept, { theme: "dark", language: "system" }]);
    await open().forgetHomeservers();
    expect([await open().homeservers(), await open().settings()]).toEqual([[], { theme: "dark", language: "system" }]);
  });
});

describe("Folders", () => {
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  const accountId = AccountId.parse("abcdefgh12345678");

  it("makes every folder for this user alone, and closes open ones", async () => {
    const folders = new Folders(join(folder.path, "data"));
    await folders.prepare();
    await chmod(folders.accounts, 0o755);
    await folders.prepare();
    const { vault } = folders.account(accountId);
    await makePrivateFolder(vault);
    for (const path of [folders.root, folders.accounts, folders.avatars, folders.secrets, folders.logs, vault]) {
      expect(await mode(path)).toBe(0o700);
    }
    expect(await folders.accountIds()).toEqual([accountId]);
    await folders.removeAccount(accountId);
    await folders.removeAccount(accountId);
    expect(await folders.accountIds()).toEqual([]);
  });

  it("knows no accounts where there is no folder", async () => {
    expect(await new Folders(join(folder.path, "nowhere")).accountIds()).toEqual([]);
  });
});
