import { join } from "node:path";
import { build, type CliOptions } from "electron-builder";
import { command } from "./command.ts";
import { findElectron } from "./electron.ts";
import { cache, root, say } from "./paths.ts";
import { layOutApp } from "./stage.ts";

/**
 * Packages the app into `dist/`: the unpacked app for this machine, or with `installers` the targets that
 * electron-builder.yml names for this system.
 * @throws Error when installers are asked for, but the only Electron at hand is the old one for tests.
 */
async function packageApp({ installers }: { installers: boolean }): Promise<void> {
  const electron = await findElectron();
  if (installers && electron.source === "fallback") {
    throw new Error("installers are built with a current Electron alone, because people will rely on them.");
  }
  await layOutApp(join(cache, "package"), { production: true });
  const options: CliOptions = {
    projectDir: root,
    ...(installers ? {} : { dir: true }),
    config: { extends: "electron-builder.yml", electronDist: electron.dist, electronVersion: electron.version },
    publish: "never",
  };
  const made = await build(options);
  say(installers ? `packaged: ${made.join(", ")}` : `packaged into ${join(root, "dist")}`);
}

await command(() => packageApp({ installers: process.argv.includes("--installers") }));
