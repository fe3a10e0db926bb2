import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CryptoFolders, placeAside, type SetAside, takeNextStore } from "../../../main/sessions/deviceMigration.ts";

let root: string;
let folders: CryptoFolders;
let told: SetAside[];
beforeEach(async () => {
  told = [];
  root = await mkdtemp(join(tmpdir(), "steward-next-"));
  folders = { crypto: join(root, "crypto"), nextCrypto: join(root, "crypto-next"), setAside: join(root, "set-aside") };
  for (const [folder, content] of [
    [folders.crypto, "old"],
    [folders.nextCrypto, "new"],
  ] as const) {
    await mkdir(folder);
    await writeFile(join(folder, "store"), content);
  }
});
afterEach(() => rm(root, { recursive: true }));

const someLeft = (text = "1 of 3 of OLDDEVICE\n"): Promise<void> => writeFile(`${folders.nextCrypto}.some-left`, text);
const take = (): Promise<void> =>
  takeNextStore(folders, (left) => {
    told.push(left);
    return Promise.resolve();
  });
const storeIn = (folder: string): Promise<string> => readFile(join(folder, "store"), "utf8");

describe("the store of a new device takes the place of the old one", () => {
  it("which is removed when everything came over", async () => {
    await take();
    expect(await readdir(root)).toEqual(["crypto"]);
    expect(await storeIn(folders.crypto)).toBe("new");
    expect(told).toEqual([]);
  });

  it.each(["nothing", "the old one was set aside", "the new one is in place"])(
    "which is kept when something did not, also where it was cut off after: %s",
    async (cutOffAfter) => {
      await someLeft();
      const aside = placeAside(folders.setAside);
      if (cutOffAfter !== "nothing") {
        await mkdir(aside, { recursive: true });
        await rename(folders.crypto, join(aside, "crypto"));
      }
      if (cutOffAfter === "the new one is in place") await rename(folders.nextCrypto, folders.crypto);
      for (let start = 1; start <= 2; start += 1) await take();
      expect((await readdir(root)).sort()).toEqual(["crypto", "set-aside"]);
      expect(await storeIn(folders.crypto)).toBe("new");
      const [moment, ...others] = await readdir(folders.setAside);
      expect(others).toEqual([]);
      expect(told).toEqual([{ deviceId: "OLDDEVICE", roomKeys: 1 }]);
      expect(await storeIn(join(folders.setAside, moment!, "crypto"))).toBe("old");
    },
  );

  it.each([
    ["12 of 3000 of A B\n", { deviceId: "A B", roomKeys: 12 }],
    ["2 of 3\n", { deviceId: "", roomKeys: 2 }],
    ["", { deviceId: "", roomKeys: 1 }],
    ["0 of 3 of X", { deviceId: "X", roomKeys: 1 }],
  ])("which is told of, whatever the note says: %j", async (note, expected) => {
    await someLeft(note);
    await take();
    expect(told).toEqual([expected]);
  });

  it("which is told of again when it could not be remembered", async () => {
    await someLeft();
    const failing = takeNextStore(folders, () => Promise.reject(new Error("the disk is full")));
    await expect(failing).rejects.toThrow("the disk is full");
    await take();
    expect(told).toEqual([{ deviceId: "OLDDEVICE", roomKeys: 1 }]);
  });
});
