/**
 * What each command needs from the machine beyond npm packages, in one place. Plain JavaScript: it is read before
 * anything is installed, by whatever Node the machine has.
 *
 * A package is written as `name` or, where Debian renamed it, as `newer|older`: either will do.
 */

/** Debian packages by purpose. */
const groups = {
  /** To build keytar where its ready-made binary cannot be fetched. */
  compile: ["libsecret-1-dev", "pkg-config", "python3", "make", "g++"],
  /** To start Electron. */
  run: [
    "libgtk-3-0t64|libgtk-3-0",
    "libnss3",
    "libasound2t64|libasound2",
    "libgbm1",
    "libxss1",
    "libxtst6",
    "libnotify4",
    "libsecret-1-0",
  ],
  /** To drive the app without a screen, with a keychain of its own. */
  drive: ["xvfb", "xauth", "gnome-keyring", "dbus-x11", "fonts-noto-color-emoji"],
  /** To run a homeserver on this machine. */
  homeserver: ["python3", "python3-venv"],
};

/** The commands, what they need, and whether they need Python for a local homeserver. */
export const commands = {
  start: { groups: ["run"], homeserver: false },
  demo: { groups: ["run", "homeserver"], homeserver: true },
  test: { groups: ["run", "drive", "homeserver"], homeserver: true },
  soak: { groups: ["run", "drive", "homeserver"], homeserver: true },
  picture: { groups: ["run", "drive", "homeserver"], homeserver: true },
  bench: { groups: ["run", "drive", "homeserver"], homeserver: true },
  package: { groups: [], homeserver: false },
  lint: { groups: [], homeserver: false },
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

/** The oldest Python that the homeserver runs on, as [major, minor]. */
export const oldestPython = [3, 10];

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
    sign: /node-v[\d.]+-headers\.tar\.gz|stack FetchError|getaddrinfo \S+ nodejs\.org/,
    cause:
      "neither keytar's ready-made binary (GitHub) nor Node's headers (nodejs.org) could be downloaded. " +
      "Where Node's headers are on this machine, name their folder: npm_config_nodedir=/usr npm start",
  },
];
