/**
 * What each command needs from the machine beyond npm packages, in one place. Plain JavaScript: it is read before
 * anything is installed, by whatever Node the machine has.
 *
 * A package is written as `name` or, where Debian renamed it, as `newer|older`: either will do.
 */

/** Debian packages by purpose. */
const groups = {
  /** To build keytar. */
  compile: ["libsecret-1-dev", "pkg-config", "python3", "make", "g++"],
  /** To start Electron. */
  run: ["libgtk-3-0t64|libgtk-3-0", "libnss3", "libasound2t64|libasound2", "libgbm1", "libxss1", "libxtst6", "libnotify4", "libsecret-1-0"],
  /** To drive the app without a screen, with a keychain of its own. */
  drive: ["xvfb", "xauth", "gnome-keyring", "dbus-x11", "fonts-noto-color-emoji"],
  /** The browser of the person at the computer, which follows the links that the app opens. */
  browse: ["chromium"],
  /** To run a homeserver on this machine. */
  homeserver: ["python3", "python3-venv"],
};

/** The commands, what they need, and whether they need Python for a local homeserver. */
export const commands = {
  start: { groups: ["run"], homeserver: false },
  // Python is asked for where `--demo` wants the homeserver.
  dev: { groups: ["run"], homeserver: false },
  demo: { groups: ["run", "homeserver"], homeserver: true },
  test: { groups: ["run", "drive", "browse", "homeserver"], homeserver: true },
  soak: { groups: ["run", "drive", "browse", "homeserver"], homeserver: true },
  picture: { groups: ["run", "drive", "homeserver"], homeserver: true },
  bench: { groups: ["run", "drive", "homeserver"], homeserver: true },
  package: { groups: [], homeserver: false },
  lint: { groups: [], homeserver: false },
  format: { groups: [], homeserver: false },
  texts: { groups: [], homeserver: false },
};

/**
 * The Debian packages a command needs.
 * @param {keyof typeof commands} command
 * @param {boolean} installsModules npm packages are about to be installed, which may mean building keytar
 * @returns {string[]}
 */
export function systemPackages(command, installsModules) {
  const wanted = [...commands[command].groups, ...(installsModules ? ["compile"] : [])];
  return [...new Set(wanted.flatMap((group) => groups[group]))];
}

/** The oldest Node that can be asked to fetch the one that everything runs on. */
const oldestNode = 18;

/**
 * What is wrong with the Node that npm has started us with.
 * @param {string} version such as 18.20.4
 * @returns {string | undefined} a sentence with the next step, or undefined when it will do
 */
export function nodeTrouble(version) {
  if (Number.parseInt(version) >= oldestNode) return undefined;
  return `Node.js ${oldestNode} or newer is needed, and this is ${version}. Install a newer one from https://nodejs.org.`;
}

/** The oldest Python that the homeserver runs on. */
const oldestPython = [3, 10];

/** Makes a Python print its version and then the modules that it lacks: `3 11 ensurepip`. */
export const pythonProbe =
  "import sys, importlib.util as u; " + "print(*sys.version_info[:2], *(m for m in ('venv', 'ensurepip') if not u.find_spec(m)))";

/**
 * What is wrong with the machine's Pythons, as far as the homeserver is concerned.
 * @param {string[]} answers what each answered to `pythonProbe`; empty where there is none of that name
 * @returns {string | undefined} a sentence with the next step, or undefined when one of them will do
 */
export function pythonTrouble(answers) {
  const found = answers.flatMap((answer) => {
    const [, major, minor, lacking] = /^(\d+) (\d+)(.*)/.exec(answer) ?? [];
    return major === undefined ? [] : { major: Number(major), minor: Number(minor), lacking: lacking.trim() };
  });
  const [oldMajor, oldMinor] = oldestPython;
  const newEnough = found.filter(({ major, minor }) => major > oldMajor || (major === oldMajor && minor >= oldMinor));
  if (newEnough.some(({ lacking }) => lacking === "")) return undefined;
  const why = "to run a homeserver on this machine";
  if (newEnough.length > 0) {
    return `Python's venv module is needed ${why}, and it is missing. Install it (Debian: sudo apt-get install python3-venv).`;
  }
  const has = found.length === 0 ? "there is none" : `there is only ${found[0].major}.${found[0].minor}`;
  return (
    `Python ${oldMajor}.${oldMinor} or newer is needed ${why}, and ${has}. ` +
    "Install it, with its venv module (Debian: sudo apt-get install python3 python3-venv)."
  );
}

/** Reasons why building keytar fails, as npm's output tells them, and what to do about each. */
export const keytarFailures = [
  {
    sign: /libsecret-1['"]? (?:was )?not found|Package libsecret-1|libsecret\/secret\.h/,
    cause: "libsecret's headers are missing. Install libsecret-1-dev (Debian), libsecret-devel (Fedora) or libsecret (Arch).",
  },
  { sign: /pkg-config: (?:command )?not found/, cause: "pkg-config is missing. Install it." },
  {
    sign: /Could not find any Python installation|find Python.*not found/,
    cause: "node-gyp found no Python 3. Install Python 3.",
  },
  {
    sign: /not found: make|make: (?:command )?not found|spawn make ENOENT/,
    cause: "there is no make. Install a C++ toolchain (Debian: make g++).",
  },
  {
    sign: /g\+\+: (?:command )?not found|c\+\+: (?:command )?not found|No Xcode or CLT|Could not find any Visual Studio/,
    cause: "there is no C++ compiler. Install one (Debian: g++; macOS: xcode-select --install; Windows: Visual Studio Build Tools).",
  },
  {
    sign: /node-v[\d.]+-headers\.tar\.gz|stack FetchError|getaddrinfo \S+ nodejs\.org|related to network connectivity/,
    cause:
      "Node's headers could not be downloaded (nodejs.org). " +
      "Where Node's headers are on this machine, name their folder: npm_config_nodedir=/usr npm start",
  },
];
