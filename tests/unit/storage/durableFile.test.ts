import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readIfThere, removeDurably, syncFolder, writeDurably } from "../../../main/storage/durableFile.ts";
import { sample } from "../../support/seed.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const CHILD = fileURLToPath(new URL("../../support/diskChild.ts", import.meta.url));
const KILLS = sample(12, 50);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder("disk");
});
afterEach(() => folder.remove());

/** A mount of our own needs a user namespace, which some computers do not allow. */
function canMount(): boolean {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("syncFolder", () => {
  it.runIf(process.platform === "linux")("does without on a file system that cannot sync folders", async () => {
    await syncFolder("/proc");
    await expect(syncFolder("/proc/nothing-there")).rejects.toThrow("ENOENT");
  });
});

describe("writeDurably", () => {
  it("writes in the order asked, for this user alone, and leaves nothing else", async () => {
    const path = join(folder.path, "file");
    await Promise.all(Array.from({ length: 30 }, (_, at) => writeDurably(path, String(at))));
    expect(await readFile(path, "utf8")).toBe("29");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(["file"]);
  });

  it("removes, and removes what is not there", async () => {
    const path = join(folder.path, "file");
    await writeDurably(path, "x");
    await removeDurably(path);
    await removeDurably(path);
    await removeDurably(join(folder.path, "no", "folder"));
    expect(await readIfThere(path)).toBeNull();
  });

  it("tells trouble apart from absence", async () => {
    await symlink("loop", join(folder.path, "loop"));
    await expect(readIfThere(join(folder.path, "loop"))).rejects.toMatchObject({ error: { kind: "file_failed" } });
  });

  it.skipIf(!canMount())("says so when the disk is full, and keeps the old content whole", () => {
    const script = `
      set -e
      mount -t tmpfs -o size=64k tmpfs "$1"
      printf old > "$1/file"
      "$2" "$3" full "$1/file"
      printf ' '; cat "$1/file"; printf ' '; ls "$1"`;
    const output = execFileSync("unshare", ["-rm", "sh", "-c", script, "sh", folder.path, process.execPath, CHILD]);
    expect(output.toString().trim()).toBe('{"kind":"file_failed","reason":"no_space"} old file');
  });

  it(
    `leaves the old or the new content after SIGKILL, ${KILLS} times`,
    async () => {
      const path = join(folder.path, "file");
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = spawn(process.execPath, [CHILD, "loop", path], { stdio: ["ignore", "pipe", "inherit"] });
        let said = "";
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          said += chunk;
          // Some writes in, at no particular point of the next.
          if (said.length > 2 * (3 + (kill % 9))) child.kill("SIGKILL");
        });
        // Until then what it said last has been read, too.
        await once(child, "close");
        const content = readFileSync(path, "utf8");
        const letter = content[0] ?? "";
        expect(content.length).toBeGreaterThanOrEqual(20_000);
        expect(content).toBe(letter.repeat(content.length));
        const lastSaid = said.trimEnd().split("\n").at(-1) ?? "";
        const distance = (letter.charCodeAt(0) - lastSaid.charCodeAt(0) + 26) % 26;
        // Nothing that was said to be written is lost; one more may have been written and not said.
        expect(distance).toBeLessThan(2);
      }
    },
    sample(60_000, 240_000),
  );
});
