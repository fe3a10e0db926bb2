import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../build/paths.ts";

interface Locked {
  integrity?: string;
  hasInstallScript?: boolean;
  link?: boolean;
}

test("every package is pinned by its hash, and no other runs a script while it is installed than is named here", async () => {
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> };
  const installed = Object.entries(packages).filter(([path]) => path !== "");
  expect(installed.filter(([, { integrity, link }]) => !integrity?.startsWith("sha512-") && !link).map(([path]) => path)).toEqual([]);
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  expect(scripted.map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)).sort()).toEqual(scriptedPackages);
});

/**
 * keytar compiles itself (see build/npmModules.mjs). esbuild's script finds the binary that came with a package of its
 * own, which is pinned too; those of classic-level and electron-winstaller do the same with binaries that they contain.
 */
const scriptedPackages = ["classic-level", "electron-winstaller", "esbuild", "keytar"];
