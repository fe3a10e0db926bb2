#!/usr/bin/env node
/**
 * Runs one of the project's commands, and installs beforehand what it needs. Every npm script comes through here.
 * Plain JavaScript for any Node from 18 on: on a fresh machine nothing else is there yet.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { commands, nodeTrouble, pythonProbe, pythonTrouble, systemPackages } from "./needs.mjs";
import { installModules, modulesAreThere, projectNode } from "./npmModules.mjs";
import { complain, giveUp, root, run, runLong, say } from "./programs.mjs";

/**
 * Installs the Debian packages that are missing, or names them in one line where that is not ours to do.
 * @returns {Promise<string[]>} those that are missing still, as needs.mjs writes them
 */
async function prepareSystem(command, installsModules) {
  if (process.platform !== "linux") return [];
  const wanted = systemPackages(command, installsModules);
  const query = run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n"]);
  if (query.status !== 0) {
    if (installsModules) say(`needs, under the names Debian gives them: ${wanted.map(oldName).join(" ")}`);
    return [];
  }
  const present = new Set();
  for (const line of query.stdout.split("\n")) {
    const [name, status] = line.split(" ");
    if (status === "installed") present.add(name);
  }
  const missing = wanted.filter((names) => !names.split("|").some((name) => present.has(name)));
  if (missing.length === 0) return [];
  if (process.getuid() !== 0) {
    say(`missing system packages; install them with: ${installCommand(missing)}`);
    return missing;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  say(`installing system packages: ${missing.map(oldName).join(" ")}`);
  const update = await runLong("apt-get", ["update", "-qq"], { what: "reading package lists", env });
  if (update.status !== 0) say(`apt-get update failed, trying with the old lists: ${lastLine(update.output)}`);
  const args = ["install", "-y", "-qq", "--no-install-recommends", ...lockPatience, ...missing.map(knownName)];
  const install = await runLong("apt-get", args, { what: "installing system packages", env });
  if (install.status !== 0) giveUp(`apt-get install failed:\n${install.output.trim()}`);
  return [];
}

/** A machine that has just been started installs updates by itself, and holds apt's lock for that time. */
const lockPatience = ["-o", "DPkg::Lock::Timeout=300"];

const installCommand = (missing) => `sudo apt-get install ${missing.map(knownName).join(" ")}`;

const oldName = (names) => names.split("|").at(-1);

/** The first of a package's names that this Debian knows. */
function knownName(names) {
  const known = names.split("|").find((name) => run("apt-cache", ["show", "--no-all-versions", name]).status === 0);
  return known ?? oldName(names);
}

const lastLine = (text) => text.trim().split("\n").at(-1) ?? "";

/** Stops with a clear sentence when the local homeserver would have no Python to run on. */
function checkPython() {
  const names = process.platform === "win32" ? ["py", "python"] : ["python3", "python"];
  const trouble = pythonTrouble(names.map((name) => run(name, ["-c", pythonProbe]).stdout));
  if (trouble) giveUp(trouble);
}

/** Says once more, when a command has failed, what it may have failed for: that was said long before. */
function remindOf(missing, code) {
  const stoppedByPerson = code > 128;
  if (missing.length === 0 || code === 0 || stoppedByPerson) return;
  complain(`system packages are missing, which may be why this failed; install them with: ${installCommand(missing)}`);
}

/** Hands over to the command itself, on the Node that npm has installed, and ends as it ends. */
function handOver(command, args) {
  const node = projectNode();
  const child = spawn(node, [join(root, "build", `${command}.ts`), ...args], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // Ctrl+C reaches the child from the terminal already; twice would end it the hard way.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  child.on("close", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

const [command, ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, command ?? "")) giveUp(`commands: ${Object.keys(commands).join(", ")}`);
const trouble = nodeTrouble(process.versions.node);
if (trouble) giveUp(trouble);
process.chdir(root);
const installsModules = !modulesAreThere();
let missing = await prepareSystem(command, installsModules);
if (commands[command].homeserver) checkPython();
process.on("exit", (code) => remindOf(missing, code));
if (installsModules) {
  await installModules();
  // What npm might have needed for compiling is of no interest any more.
  const neededStill = systemPackages(command, false);
  missing = missing.filter((names) => neededStill.includes(names));
}
handOver(command, args);
