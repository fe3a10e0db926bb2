import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type CliOptions } from "electron-builder";
import { announce } from "./announce.ts";
import { command } from "./command.ts";
import { makeDeb } from "./deb.ts";
import { findElectron, nextStep } from "./electron.ts";
import { cache, packagedTest, root, say } from "./paths.ts";
import { isMaintained } from "./purposes.ts";
import { layOutApp } from "./stage.ts";

interface PackageOptions {
  /** The targets that electron-builder.yml names for this system, and not only the unpacked app. */
  installers: boolean;
  /** A Debian package, which needs no network: `dpkg-deb` alone makes it. Part of the installers. */
  deb: boolean;
  /** For the test of the packaged app alone: any Electron will do, and a debugging port can be opened. */
  forTest: boolean;
}

/**
 * Packages the app into `dist/`, or for the test into `.cache/packaged-test/`, where nobody takes it for what is handed
 * out.
 * @throws Error when the only Electron at hand gets no security fixes.
 */
async function packageApp({ installers, deb, forTest }: PackageOptions): Promise<void> {
  const electron = await findElectron();
  if (!forTest && !isMaintained(electron.version)) {
    throw new Error(`Electron ${electron.version} gets no security fixes, and people will rely on what is packaged. ${nextStep}`);
  }
  const output = forTest ? packagedTest : join(root, "dist");
  const purpose = forTest ? "packaged-test" : "package";
  await layOutApp(join(cache, "package"), { production: true, purpose, electron: electron.version });
  const options: CliOptions = {
    projectDir: root,
    ...(installers ? {} : { dir: true }),
    config: {
      extends: "electron-builder.yml",
      electronDist: electron.dist,
      electronVersion: electron.version,
      directories: { output },
    },
    publish: "never",
  };
  const made = await build(options);
  if (deb) made.push(await packageDeb(output));
  if (installers) await announce(output);
  say(made.length > 0 ? `packaged: ${made.join(", ")}` : `packaged into ${output}`);
}

async function packageDeb(output: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const unpacked = join(output, process.arch === "x64" ? "linux-unpacked" : `linux-${process.arch}-unpacked`);
  return makeDeb({ unpacked, target: output, work: join(cache, "deb"), version });
}

const has = (flag: string): boolean => process.argv.includes(flag);

const installers = has("--installers");

await command(() =>
  packageApp({ installers, deb: has("--deb") || (installers && process.platform === "linux"), forTest: has("--for-test") }),
);
