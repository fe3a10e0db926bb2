import { execFileSync, spawn } from "node:child_process";
import { chmod, copyFile, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../../../build/paths.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

/**
 * The real bootstrap.mjs in a project of its own, on a machine that consists of stand-ins: its PATH holds nothing but
 * scripts that note how they were called. So every kind of machine can be had, and no package is installed.
 */
const ROOT = 0;
const NOBODY = 65_534;
const asRoot = process.getuid?.() === ROOT;

/** What `npm start` needs on Debian 12, without what compiling needs. */
const libraries = ["libgtk-3-0", "libnss3", "libasound2", "libgbm1", "libxss1", "libxtst6", "libnotify4", "libsecret-1-0"];
const forHomeserver = ["python3", "python3-venv"];
const forCompiling = ["libsecret-1-dev", "pkg-config", "python3", "make", "g++"];

const nodePackage = `node-${process.platform}-${process.arch}`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let project: string;
let node: string;

beforeEach(async () => {
  folder = await temporaryFolder("bootstrap");
  project = join(folder.path, "project");
  await chmod(folder.path, 0o755);
  await mkdir(join(folder.path, "bin"));
  await writeFile(join(folder.path, "calls"), "");
  await chmod(join(folder.path, "calls"), 0o666);
  await mkdir(join(project, "build"), { recursive: true });
  for (const name of ["bootstrap", "needs", "npmModules", "programs"]) {
    await copyFile(join(root, `build/${name}.mjs`), join(project, `build/${name}.mjs`));
  }
  for (const name of ["start", "demo"]) await commandIs(name, "console.log('started', ...process.argv.slice(2))");
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
  await lockedNode("1.0.0");
  // Another user may not reach the Node that runs the tests.
  node = join(project, "node_modules", nodePackage, "bin/node");
  await mkdir(dirname(node), { recursive: true });
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
  await copyFile(join(project, "package-lock.json"), join(project, "node_modules/.package-lock.json"));
});
afterEach(() => folder.remove());

describe.runIf(process.platform === "linux")("bootstrap", () => {
  describe.runIf(asRoot)("as root", () => {
    test("installs exactly the packages that are missing, by the name this Debian knows", async () => {
      await installed(...libraries.filter((name) => !["libnss3", "libasound2", "libxss1"].includes(name)));
      await program("apt-cache", '[ "$3" = libasound2t64 ] || [ "$3" = libnss3 ]');
      await program("apt-get", "");
      expect(await bootstrap(["start", "a"])).toEqual({
        code: 0,
        stdout: "steward: installing system packages: libnss3 libasound2 libxss1\nstarted a\n",
        stderr: "",
      });
      expect(await calls("apt-get")).toEqual([
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 libnss3 libasound2t64 libxss1",
      ]);
    });

    test("leaves apt alone when nothing is missing", async () => {
      await installed(...libraries, "something-else");
      await program("apt-get", "exit 1");
      expect(await bootstrap(["start"])).toEqual({ code: 0, stdout: "started\n", stderr: "" });
      expect(await calls("apt-get")).toEqual([]);
    });

    test("takes a package that was removed, but whose settings stayed, as missing", async () => {
      await program("dpkg-query", `echo "libnss3 config-files"; ${listing(libraries.slice(0, 1).concat(libraries.slice(2)))}`);
      await program("apt-get", "");
      expect((await bootstrap(["start"])).stdout).toContain("installing system packages: libnss3\n");
    });

    test("goes on with the old lists when new ones cannot be had, and shows apt's words when it fails", async () => {
      await installed(...libraries.slice(1));
      await program("apt-get", '[ "$1" = update ] && echo "E: no network" >&2 || echo "E: Unable to locate it" >&2; exit 100');
      const { code, stdout, stderr } = await bootstrap(["start"]);
      expect(code).toBe(1);
      expect(stdout).toContain("apt-get update failed, trying with the old lists: E: no network\n");
      expect(stderr).toBe("steward: apt-get install failed:\nE: Unable to locate it\n");
    });

    test("says so where there is dpkg but no apt-get", async () => {
      await installed(...libraries.slice(1));
      const { code, stderr } = await bootstrap(["start"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^steward: apt-get install failed:\n.*ENOENT\n$/);
    });
  });

  describe("as an ordinary user", () => {
    beforeEach(() => program("apt-get", ""));
    const line = "install them with: sudo apt-get install libgtk-3-0 libnss3\n";

    test("names what is missing in one line, and goes on", async () => {
      await installed(...libraries.slice(2));
      const stdout = `steward: missing system packages; ${line}started\n`;
      expect(await bootstrap(["start"], { uid: NOBODY })).toEqual({ code: 0, stdout, stderr: "" });
      expect(await calls("apt-get")).toEqual([]);
    });

    test("names it again at the end of a command that has failed", async () => {
      await installed(...libraries.slice(2));
      await commandIs("start", "process.exit(3)");
      expect(await bootstrap(["start"], { uid: NOBODY })).toEqual({
        code: 3,
        stdout: `steward: missing system packages; ${line}`,
        stderr: `steward: system packages are missing, which may be why this failed; ${line}`,
      });
    });

    test("does not name it again when a person has stopped the command", async () => {
      await installed(...libraries.slice(2));
      await commandIs("start", "process.kill(process.pid, 'SIGINT')");
      expect(await bootstrap(["start"], { uid: NOBODY })).toMatchObject({ code: 130, stderr: "" });
    });

    test("does not name again what was for compiling alone, when npm did without", async () => {
      await installed(...libraries);
      await program("npm", "");
      await rm(join(project, "node_modules/.package-lock.json"));
      await commandIs("start", "process.exit(3)");
      const { stdout, stderr } = await bootstrap(["start"], { uid: NOBODY });
      expect(stdout).toContain(`install them with: sudo apt-get install ${forCompiling.join(" ")}\n`);
      expect(stderr).toBe("");
    });
  });

  test("names what is needed where there is no dpkg, once", async () => {
    await program("npm", "");
    await rm(join(project, "node_modules/.package-lock.json"));
    expect((await bootstrap(["start"])).stdout).toContain(
      `steward: needs, under the names Debian gives them: ${[...libraries, ...forCompiling].join(" ")}\n`,
    );
    await copyFile(join(project, "package-lock.json"), join(project, "node_modules/.package-lock.json"));
    expect(await bootstrap(["start"])).toEqual({ code: 0, stdout: "started\n", stderr: "" });
  });

  describe("Python", () => {
    beforeEach(async () => {
      await installed(...libraries, ...forHomeserver);
      await rm(join(project, "node_modules/.package-lock.json"));
      await program("npm", "");
      await program("apt-get", "");
    });

    test.each([
      ["there is none", "Python 3.10 or newer is needed to run a homeserver on this machine, and there is none.", null],
      ["it is too old", "Python 3.10 or newer is needed to run a homeserver on this machine, and there is only 3.9.", "3 9"],
      ["it is Python 2", "and there is none.", "x"],
      ["venv is missing", "Python's venv module is needed to run a homeserver on this machine", "3 11 ensurepip"],
    ])("stops before anything is installed when %s", async (_, sentence, answer) => {
      if (answer !== null) await program("python3", `echo ${answer}`);
      const { code, stderr } = await bootstrap(["demo"]);
      expect(code).toBe(1);
      expect(stderr).toContain(sentence);
      expect(stderr).toMatch(/Debian: sudo apt-get install (?:python3 )?python3-venv/);
      expect(stderr.split("\n")).toHaveLength(2);
      expect(await calls("npm")).toEqual([]);
    });

    test("is asked for its version and its modules", async () => {
      const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
      await program("python3", `exec ${python} "$@"`);
      expect(await bootstrap(["demo"])).toMatchObject({ code: 0, stderr: "" });
    });

    test("is not needed to open the app", async () => {
      expect(await bootstrap(["start"])).toMatchObject({ code: 0, stderr: "" });
    });
  });

  describe("npm packages", () => {
    beforeEach(async () => {
      await installed(...libraries, ...forCompiling);
      await rm(join(project, "node_modules/.package-lock.json"));
    });

    test("are installed by the project's Node where ours is older, so that npm leaves none of them out", async () => {
      await lockedNode("999.1.0");
      await program(
        "npm",
        'echo "in $PWD on $(command -v node)" >> "$CALLS"; case $PWD in */node-999.1.0) ' +
          `/bin/mkdir -p node_modules/${nodePackage}/bin; /bin/cp /bin/true node_modules/${nodePackage}/bin/node;; esac`,
      );
      const { code, stdout } = await bootstrap(["start"]);
      expect(code).toBe(0);
      expect(stdout).toContain("fetching Node 999.1.0 (once)");
      const own = join(project, ".cache/node-999.1.0");
      expect((await calls("in")).map((call) => call.split(" on ")[0])).toEqual([`in ${own}`, `in ${project}`]);
      expect((await calls("in"))[1]).toBe(`in ${project} on ${own}/node_modules/${nodePackage}/bin/node`);
      const lock = JSON.parse(await readFile(join(own, "package-lock.json"), "utf8")) as { packages: unknown };
      expect(lock.packages).toMatchObject({ [`node_modules/${nodePackage}`]: { version: "999.1.0", integrity: "sha512-of-999.1.0" } });
    });

    test("are compiled with the headers of the Node that the lock file pins, and keytar always is", async () => {
      await program("npm", 'echo "built $npm_config_build_from_source with $npm_config_nodedir" >> "$CALLS"');
      await bootstrap(["start"]);
      expect(await calls("built")).toEqual([`built keytar with ${join(project, "node_modules", nodePackage)}`]);
    });

    test("are installed again where the Node that the lock file pins is missing, though it is optional", async () => {
      await program("npm", 'echo "asked" >> "$CALLS"');
      await copyFile(join(project, "package-lock.json"), join(project, "node_modules/.package-lock.json"));
      await bootstrap(["start"]);
      expect(await calls("npm")).toEqual([]);
      await writeFile(join(project, "node_modules/.package-lock.json"), JSON.stringify({ packages: {} }));
      await bootstrap(["start"]);
      expect(await calls("npm")).toHaveLength(1);
    });

    test.each([
      ["is related to network connectivity. In most cases you are behind a proxy", "headers could not be downloaded (nodejs.org)"],
      ["/bin/sh: 1: pkg-config: not found", "pkg-config is missing"],
      ["Package libsecret-1 was not found", "libsecret's headers are missing"],
    ])("that cannot be built are explained: %s", async (words, sentence) => {
      await program("npm", `echo "npm ERR! path node_modules/keytar"; echo "${words}" >&2; exit 1`);
      const { code, stderr } = await bootstrap(["start"]);
      expect(code).toBe(1);
      expect(stderr).toContain(words);
      expect(stderr.trim().split("\n").at(-1)).toContain(sentence);
    });
  });
});

/** Makes a stand-in for a program: it notes its call, and then runs `body`, which has sh's own commands alone. */
async function program(name: string, body: string): Promise<void> {
  const path = join(folder.path, "bin", name);
  await writeFile(path, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >> "$CALLS"\n${body}\n`);
  await chmod(path, 0o755);
}

const listing = (names: string[]): string => names.map((name) => `echo "${name} installed"`).join("; ");

/** Makes a Debian that has these packages, and no lists of others. */
async function installed(...names: string[]): Promise<void> {
  await program("dpkg-query", listing(names));
  await program("apt-cache", "exit 100");
}

/** What a command of the project does, in place of the real one. */
function commandIs(name: string, body: string): Promise<void> {
  return writeFile(join(project, `build/${name}.ts`), body);
}

/** Makes package-lock.json ask for a version of Node and nothing else. */
function lockedNode(version: string): Promise<void> {
  const entry = { version, integrity: `sha512-of-${version}`, optional: true };
  const packages = { "": {}, [`node_modules/${nodePackage}`]: entry };
  return writeFile(join(project, "package-lock.json"), JSON.stringify({ packages }));
}

/** How the stand-ins of this name have been called so far. */
async function calls(name: string): Promise<string[]> {
  const lines = (await readFile(join(folder.path, "calls"), "utf8")).split("\n");
  return lines.filter((line) => line.startsWith(`${name} `));
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the bootstrap to its end, as another user where `uid` is given and we may. */
function bootstrap(args: string[], { uid }: { uid?: number } = {}): Promise<Ended> {
  const env = { PATH: join(folder.path, "bin"), CALLS: join(folder.path, "calls"), HOME: folder.path };
  const user = asRoot && uid !== undefined ? { uid, gid: uid } : {};
  const child = spawn(node, [join(project, "build/bootstrap.mjs"), ...args], {
    cwd: folder.path,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...user,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
