import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cache, root, say } from "../../build/paths.ts";
import { run } from "../../build/processes.ts";
import { withFileLock } from "./fileLock.ts";

const requirementsFile = join(root, "build", "synapse-requirements.txt");
const venvDir = join(cache, "synapse-venv");
const windows = process.platform === "win32";
const python = join(venvDir, windows ? "Scripts/python.exe" : "bin/python");
/** Says which requirements the environment was made from; written last, so a half-made one is finished, not used. */
const markerFile = join(venvDir, "steward-requirements.sha256");

/** The Python that has Synapse, and a name for exactly this set of packages. */
export interface SynapseInstallation {
  python: string;
  /** Changes whenever a pinned version changes. */
  fingerprint: string;
}

/**
 * Makes sure that the pinned Synapse is installed in `.cache/synapse-venv`, and says so while it installs it. Two
 * processes may ask at once: one installs, the other waits.
 *
 * @throws when there is no Python 3.10 or later, or a step fails; the message says what to do
 */
export async function ensureSynapse(): Promise<SynapseInstallation> {
  const fingerprint = createHash("sha256").update(await readFile(requirementsFile)).digest("hex").slice(0, 16);
  const isReady = async () => (await readFile(markerFile, "utf8").catch(() => "")) === fingerprint;
  if (!(await isReady())) {
    await withFileLock(join(cache, "synapse-venv.lock"), 15 * 60_000, async () => {
      if (await isReady()) return;
      await install();
      await writeFile(markerFile, fingerprint);
    });
  }
  return { python, fingerprint };
}

async function install(): Promise<void> {
  say("preparing the local Synapse in .cache/synapse-venv (once, a minute or two)");
  if ((await run(python, ["-m", "pip", "--version"])).code !== 0) {
    const made = await run(await findPython(), ["-m", "venv", "--clear", venvDir]);
    if (made.code !== 0) {
      throw new Error(`Python made no virtual environment. Install its venv module (Debian: python3-venv).\n${made.output}`);
    }
  }
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const still = setInterval(() => say(`still installing Synapse (${seconds()} s)`), 15_000);
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", "-r", requirementsFile];
  const { code, output } = await run(python, pip);
  clearInterval(still);
  if (code !== 0) throw new Error(`pip could not install Synapse:\n${output}`);
  say(`local Synapse ready (${seconds()} s)`);
}

async function findPython(): Promise<string> {
  const isNewEnough = ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"];
  for (const name of windows ? ["py", "python"] : ["python3", "python"]) {
    if ((await run(name, isNewEnough)).code === 0) return name;
  }
  throw new Error("Synapse needs Python 3.10 or later, and there is none on this machine. Install it.");
}
