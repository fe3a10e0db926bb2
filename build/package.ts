import { join } from "node:path";
import { build, type CliOptions } from "electron-builder";
import { command } from "./command.ts";
import { findElectron, nextStep } from "./electron.ts";
import { cache, packagedTest, root, say } from "./paths.ts";
import { isMaintained } from "./purposes.ts";
import { layOutApp } from "./stage.ts";

interface PackageOptions {
  /** The targets that electron-builder.yml names for this system, and not only the unpacked app. */
  installers: boolean;
  /** For the test of the packaged app alone: any Electron will do, and a debugging port can be opened. */
  forTest: boolean;
}

/**
 * Packages the app into `dist/`, or for the test into `.cache/packaged-test/`, where nobody takes it for what is handed
 * out.
 * @throws Error when the only Electron at hand gets no security fixes.
 */
async function packageApp({ installers, forTest }: PackageOptions): Promise<void> {
  const electron = await findElectron();
  if (!forTest && !isMaintained(electron.version)) {
    throw new Error(
      `Electron ${electron.version} gets no security fixes, and people will rely on what is packaged. ${nextStep}`,
    );
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
  say(installers ? `packaged: ${made.join(", ")}` : `packaged into ${output}`);
}

const has = (flag: string): boolean => process.argv.includes(flag);

await command(() => packageApp({ installers: has("--installers"), forTest: has("--for-test") }));
