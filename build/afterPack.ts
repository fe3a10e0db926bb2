import { join } from "node:path";
import type { AfterPackContext, LinuxPackager } from "electron-builder";
import { say } from "./paths.ts";
import { setFuses } from "./fuses.ts";

/** Called by electron-builder between laying out the app and signing it: the last moment to set fuses. */
export default async function afterPack({ appOutDir, electronPlatformName, packager }: AfterPackContext): Promise<void> {
  const product = packager.appInfo.productFilename;
  const program: Record<string, string> = {
    darwin: `${product}.app/Contents/MacOS/${product}`,
    win32: `${product}.exe`,
    linux: (packager as LinuxPackager).executableName,
  };
  const missing = await setFuses(join(appOutDir, program[electronPlatformName] ?? product));
  if (missing.length > 0) say(`fuses that this Electron is too old to have: ${missing.join(", ")}`);
}
