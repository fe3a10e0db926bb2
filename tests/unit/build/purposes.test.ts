import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle } from "../../../build/bundle.ts";
import { buildFacts, electronVersion, isMaintained } from "../../../build/purposes.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const major = Number.parseInt(electronVersion);

describe("what an app is built for", () => {
  test("an Electron of the latest three majors gets security fixes", () => {
    expect([major + 1, major, major - 2].map((one) => isMaintained(`${String(one)}.0.0`))).toEqual([true, true, true]);
    expect([`${String(major - 3)}.9.9`, "25.1.1", "", "not a version"].map(isMaintained)).toEqual([false, false, false, false]);
  });

  test("where people keep accounts, nobody looks on; on an old Electron that is a trial", () => {
    const facts = { locked: true, debuggingPort: false, updates: null };
    expect(buildFacts("start", electronVersion)).toEqual({ ...facts, trial: false });
    expect(buildFacts("start", "25.1.1")).toEqual({ ...facts, trial: true });
    expect(buildFacts("package", electronVersion)).toEqual({ ...facts, trial: false });
    expect(buildFacts("dev", electronVersion)).toEqual({ locked: false, debuggingPort: false, updates: null, trial: false });
    expect(buildFacts("dev", "25.1.1")).toEqual({ locked: false, debuggingPort: false, updates: null, trial: true });
    for (const purpose of ["bench", "demo"] as const) {
      expect(buildFacts(purpose, "25.1.1")).toEqual({ locked: false, debuggingPort: false, updates: null, trial: false });
    }
  });

  test("what ships, and nothing else, looks for newer versions where it is told so", () => {
    const env = { STEWARD_UPDATE_FEED: "https://example.org/steward/", STEWARD_UPDATE_PUBLIC_KEY: "a2V5" };
    expect(buildFacts("package", electronVersion, env).updates).toEqual({ url: "https://example.org/steward", publicKey: "a2V5" });
    for (const purpose of ["start", "dev", "demo", "bench", "packaged-test"] as const) {
      expect(buildFacts(purpose, electronVersion, env).updates).toBeNull();
    }
    // Of a name that nobody can have.
    expect(buildFacts("test", electronVersion, env)).toMatchObject({ locked: false, updates: { url: "http://updates.test" } });
    expect(() => buildFacts("package", electronVersion, { ...env, STEWARD_UPDATE_FEED: "http://example.org" })).toThrow("https");
    expect(() => buildFacts("package", electronVersion, { STEWARD_UPDATE_FEED: "https://example.org" })).toThrow("PUBLIC_KEY");
  });

  test("what ships is built without the polyfills for an old Electron, and says so to the app", async () => {
    const folder = await temporaryFolder("bundles");
    const textOf = async (electron: string): Promise<string> => {
      const target = join(folder.path, electron);
      await bundle({ production: false, purpose: "start", electron, target });
      const names = (await readdir(join(target, "main"))).filter((name) => name.endsWith(".cjs"));
      const texts = await Promise.all(names.map((name) => readFile(join(target, "main", name), "utf8")));
      // electron-updater lies in a file of its own, which nothing needs before somebody downloads a version.
      const updaters = names.filter((_name, index) => texts[index]?.includes("APPIMAGE env is not defined"));
      expect(updaters).toEqual([expect.stringMatching(/^electronUpdater-/)]);
      return texts.join("\n");
    };
    const [ships, old] = [await textOf(electronVersion), await textOf("25.1.1")];
    expect(old).toContain('"withResolvers"');
    expect(ships).not.toContain('"withResolvers"');
    expect(old).toMatch(/build = \{[^}]*"?trial"?: true/);
    expect(ships).toMatch(/build = \{[^}]*"?trial"?: false/);
    await folder.remove();
  }, 120_000);
});
