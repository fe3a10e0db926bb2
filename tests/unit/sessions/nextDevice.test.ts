import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CryptoFolders, placeAside, takeNextStore } from "../../../main/sessions/deviceMigration.ts";

let root: string;
let folders: CryptoFolders;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "steward-next-"));
  folders = { crypto: join(root, "crypto"), nextCrypto: join(root, "crypto-next"), setAside: join(root, "set-aside") };
  for (const [folder, content] of [[folders.crypto, "old"], [folders.nextCrypto, "new"]] as const) {
    await mkdir(folder);
    await writeFile(join(folder, "store"), content);
  }
});
afterEach(() => rm(root, { recursive: true }));

const someLeft = (): Promise<void> => writeFile(`${folders.nextCrypto}.some-left`, "1 of 3\n");
const storeIn = (folder: string): Promise<string> => readFile(join(folder, "store"), "utf8");

describe("the store of a new device takes the place of the old one", () => {
  it("which is removed when everything came over", async () => {
    await takeNextStore(folders);
    expect(await readdir(root)).toEqual(["crypto"]);
    expect(await storeIn(folders.crypto)).toBe("new");
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
      for (let start = 1; start <= 2; start += 1) await takeNextStore(folders);
      expect((await readdir(root)).sort()).toEqual(["crypto", "set-aside"]);
      expect(await storeIn(folders.crypto)).toBe("new");
      const [moment, ...others] = await readdir(folders.setAside);
      expect(others).toEqual([]);
      expect(await storeIn(join(folders.setAside, moment!, "crypto"))).toBe("old");
    },
  );
});
