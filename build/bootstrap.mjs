#!/usr/bin/env node
/**
 * Runs one of the project's commands, and installs beforehand what it needs. Every npm script comes through here.
 * Plain JavaScript for any Node from 18 on: on a fresh machine nothing else is there yet.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands, keytarFailures, oldestPython, systemPackages } from "./needs.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Says a line about what is being done. */
const say = (line) => process.stdout.write(`steward: ${line}\n`);

/** Says why it cannot go on, and stops. */
function giveUp(line) {
  process.stderr.write(`steward: ${line}\n`);
  process.exit(1);
}

/** Runs a program to its end; `shown` lets its output through. */
function run(program, args, { shown = false, env = process.env } = {}) {
  return spawnSync(program, args, { cwd: root, env, encoding: "utf8", stdio: shown ? "inherit" : "pipe" });
}

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes what it installed to a lock file of its own,
 * last of all, so an interrupted installation counts as none.
 */
function modulesAreThere() {
  const installedPath = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return false;
  const wanted = readJson(join(root, "package-lock.json")).packages;
  const installed = readJson(installedPath).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) => path === "" || optional || peer || installed[path]?.version === version,
  );
}

/** Installs the Debian packages that are missing, or names them in one line where that is not ours to do. */
function prepareSystem(command, installsModules) {
  if (process.platform !== "linux") return;
  const wanted = systemPackages(command, installsModules);
  const query = run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n"]);
  if (query.error) {
    if (installsModules) say(`needs, under the names Debian gives them: ${wanted.map(oldName).join(" ")}`);
    return;
  }
  const present = new Set();
  for (const line of query.stdout.split("\n")) {
    const [name, status] = line.split(" ");
    if (status === "installed") present.add(name);
  }
  const missing = wanted.filter((names) => !names.split("|").some((name) => present.has(name)));
  if (missing.length === 0) return;
  if (process.getuid() !== 0) {
    say(`missing system packages; install them with: sudo apt-get install ${missing.map(knownName).join(" ")}`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  say(`installing system packages: ${missing.map(oldName).join(" ")}`);
  const update = run("apt-get", ["update", "-qq"], { env });
  if (update.status !== 0) say(`apt-get update failed, trying with the old lists: ${lastLine(update.stderr)}`);
  const install = run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing.map(knownName)], { env });
  if (install.status !== 0) giveUp(`apt-get install failed: ${install.stderr.trim()}`);
}

const oldName = (names) => names.split("|").at(-1);

/** The first of a package's names that this Debian knows. */
function knownName(names) {
  const known = names.split("|").find((name) => run("apt-cache", ["show", "--no-all-versions", name]).status === 0);
  return known ?? oldName(names);
}

const lastLine = (text) => text.trim().split("\n").at(-1) ?? "";

/** Runs `npm ci`, and says every 15 s that it still does, because npm itself is silent without a terminal. */
async function installModules() {
  const count = Object.keys(readJson(join(root, "package-lock.json")).packages).length - 1;
  say(`installing ${count} npm packages (first run, or package-lock.json has changed; takes a minute or two)`);
  const npmCli = process.env.npm_execpath?.endsWith("npm-cli.js") ? process.env.npm_execpath : undefined;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = npmCli
    ? spawn(process.execPath, [npmCli, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    : spawn("npm", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" });
  let output = "";
  npm.stdout.on("data", (chunk) => (output += chunk));
  npm.stderr.on("data", (chunk) => (output += chunk));
  const started = Date.now();
  const still = setInterval(() => say(`still installing (${Math.round((Date.now() - started) / 1000)} s)`), 15_000);
  const status = await new Promise((resolve) => {
    npm.on("error", (error) => {
      output += String(error);
      resolve(1);
    });
    npm.on("close", resolve);
  });
  clearInterval(still);
  if (status === 0) return say(`npm packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
  process.stderr.write(output);
  giveUp(whyNpmFailed(output));
}

/** One sentence on why `npm ci` failed. Only keytar is compiled on the spot, so a build that fails is its. */
function whyNpmFailed(output) {
  if (!/node_modules\/keytar|node_modules\\keytar/.test(output)) return "npm ci failed; its own words are above.";
  const known = keytarFailures.find(({ sign }) => sign.test(output));
  return `keytar, which reaches the system's keychain, could not be built: ${known?.cause ?? "npm's words are above."}`;
}

/** Stops with a clear sentence when the local homeserver would have no Python to run on. */
function checkPython() {
  const [major, minor] = oldestPython;
  const names = process.platform === "win32" ? ["py", "python"] : ["python3"];
  const versions = names.map((name) => /Python (\d+)\.(\d+)/.exec(run(name, ["--version"]).stdout ?? ""));
  const enough = versions.some(
    (found) => found && (Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor)),
  );
  if (!enough) giveUp(`Python ${major}.${minor} or newer is needed to run a homeserver on this machine. Install it.`);
}

/** Hands over to the command itself, on the Node that npm has installed, and ends as it ends. */
function handOver(command, args) {
  const node = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(node)) {
    giveUp("the npm package `node` came without its binary: allow its install script, delete node_modules, and try again.");
  }
  const child = spawn(node, [join(root, "build", `${command}.ts`), ...args], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // Ctrl+C reaches the child from the terminal already; twice would end it the hard way.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  child.on("close", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

const [command, ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, command ?? "")) giveUp(`commands: ${Object.keys(commands).join(", ")}`);
process.chdir(root);
const installsModules = !modulesAreThere();
prepareSystem(command, installsModules);
if (installsModules) await installModules();
if (commands[command].homeserver) checkPython();
handOver(command, args);
