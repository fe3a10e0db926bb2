import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cache, root, say } from "../../build/paths.ts";
import { run } from "../../build/processes.ts";
import { withFileLock } from "./fileLock.ts";

const windows = process.platform === "win32";

/** A Python that has what was asked for, and a name for exactly this set of packages. */
export interface PythonInstallation {
  python: string;
  /** Changes whenever a pinned version changes. */
  fingerprint: string;
}

/** What is installed. */
export interface Wanted {
  /** As it is called in what is said and thrown. */
  name: string;
  /** The environment's folder in `.cache/`. */
  folder: string;
  /** The file in `build/` that pins its packages. */
  requirements: string;
}

/**
 * Makes sure that pinned Python packages are installed in an environment of their own in `.cache/`, and says so while it
 * installs them. Two processes may ask at once: one installs, the other waits.
 *
 * @throws when there is no Python 3.10 or later, or a step fails; the message says what to do
 */
export async function ensureVenv(wanted: Wanted): Promise<PythonInstallation> {
  const requirementsFile = join(root, "build", wanted.requirements);
  const venvDir = join(cache, wanted.folder);
  const python = join(venvDir, windows ? "Scripts/python.exe" : "bin/python");
  /** Says which requirements the environment was made from; written last, so a half-made one is finished, not used. */
  const markerFile = join(venvDir, "steward-requirements.sha256");
  const fingerprint = createHash("sha256")
    .update(await readFile(requirementsFile))
    .digest("hex")
    .slice(0, 16);
  const isReady = async () => (await readFile(markerFile, "utf8").catch(() => "")) === fingerprint;
  if (!(await isReady())) {
    await withFileLock(join(cache, `${wanted.folder}.lock`), 15 * 60_000, async () => {
      if (await isReady()) return;
      await install({ ...wanted, venvDir, python, requirementsFile });
      await writeFile(markerFile, fingerprint);
    });
  }
  return { python, fingerprint };
}

interface Install extends Wanted {
  venvDir: string;
  python: string;
  requirementsFile: string;
}

async function install({ name, folder, venvDir, python, requirementsFile }: Install): Promise<void> {
  say(`preparing the local ${name} in .cache/${folder} (once, a minute or two)`);
  if ((await run(python, ["-m", "pip", "--version"])).code !== 0) {
    const made = await run(await findPython(name), ["-m", "venv", "--clear", venvDir]);
    if (made.code !== 0) {
      throw new Error(`Python made no virtual environment. Install its venv module (Debian: python3-venv).\n${made.output}`);
    }
  }
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const still = setInterval(() => say(`still installing ${name} (${seconds()} s)`), 15_000);
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", "-r", requirementsFile];
  const { code, output } = await run(python, pip);
  clearInterval(still);
  if (code !== 0) throw new Error(`pip could not install ${name}:\n${output}`);
  say(`local ${name} ready (${seconds()} s)`);
}

async function findPython(name: string): Promise<string> {
  const isNewEnough = ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"];
  for (const candidate of windows ? ["py", "python"] : ["python3", "python"]) {
    if ((await run(candidate, isNewEnough)).code === 0) return candidate;
  }
  throw new Error(`${name} needs Python 3.10 or later, and there is none on this machine. Install it.`);
}
