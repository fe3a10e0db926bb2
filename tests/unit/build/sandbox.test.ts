import { spawnSync } from "node:child_process";
import { chmod, copyFile, link, mkdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../../../build/paths.ts";
import { keepHelper } from "../../../build/sandbox.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dist: string;
let helper: string;
beforeEach(async () => {
  folder = await temporaryFolder("sandbox");
  await chmod(folder.path, 0o755);
  dist = join(folder.path, "dist");
  helper = join(dist, "chrome-sandbox");
  for (const name of ["build", "bin", "dist", "copy"]) await mkdir(join(folder.path, name));
  await writeFile(helper, "");
  // Another user may reach neither the project nor the Node that runs the tests.
  for (const name of ["sandbox.ts", "processes.ts"]) await copyFile(join(root, "build", name), join(folder.path, "build", name));
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ type: "module" }));
  const node = join(folder.path, "node");
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
});
afterEach(() => folder.remove());

describe.runIf(process.platform === "linux")("Chromium's sandbox", () => {
  test("is explained to an ordinary user who is given no namespaces, with what to type", async () => {
    await unshare("exit 1");
    expect(troubleOf(NOBODY)).toContain(`sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'`);
  });

  test("is taken as good where namespaces are given, and where nothing can tell", async () => {
    expect(troubleOf(NOBODY)).toBe("undefined");
    await unshare('[ "$*" = "--user --map-root-user true" ]');
    expect(troubleOf(NOBODY)).toBe("undefined");
  });

  test.runIf(asRoot)("is no trouble to root, who goes without", async () => {
    await unshare("exit 1");
    expect(troubleOf(0)).toBe("undefined");
  });

  test.runIf(asRoot)("works by its helper, once that is set up, in a copy too", async () => {
    await unshare("exit 1");
    const copied = join(folder.path, "copy/chrome-sandbox");
    await link(helper, copied);
    await keepHelper(dist, join(folder.path, "copy"));
    await expect(readlink(copied)).rejects.toThrow("EINVAL");
    await chmod(helper, 0o4755);
    expect(troubleOf(NOBODY)).toBe("undefined");
    await keepHelper(dist, join(folder.path, "copy"));
    expect(await readlink(copied)).toBe(helper);
  });
});

/** Makes a stand-in for the system's `unshare`. */
async function unshare(body: string): Promise<void> {
  await writeFile(join(folder.path, "bin/unshare"), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder.path, "bin/unshare"), 0o755);
}

/** What `sandboxTrouble` says to a user, on a system where `unshare` is the only program. */
function troubleOf(uid: number): string {
  const script = `import { sandboxTrouble } from "./build/sandbox.ts"; console.log(String(await sandboxTrouble("${dist}")));`;
  const { stdout, stderr } = spawnSync(join(folder.path, "node"), ["--input-type=module", "-e", script], {
    cwd: folder.path,
    env: { PATH: join(folder.path, "bin") },
    encoding: "utf8",
    ...(asRoot ? { uid, gid: uid } : {}),
  });
  if (stderr !== "") throw new Error(stderr);
  return stdout.trim();
}
