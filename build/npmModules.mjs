/** Installs the npm packages. Plain JavaScript, for the Node that the machine has. */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { keytarFailures } from "./needs.mjs";
import { giveUp, root, runLong, say } from "./programs.mjs";

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const lockedPackages = () => readJson(join(root, "package-lock.json")).packages;

/**
 * The npm package that is Node for this system: pinned by the hash in package-lock.json, and nothing but files. (The
 * package called `node` fetches one of these by itself, past the lock file.) Not every system has one.
 */
export const nodePackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** Where that package has its program, below the folder that it was installed to. */
function programIn(folder) {
  return join(folder, "node_modules", nodePackage, "bin", process.platform === "win32" ? "node.exe" : "node");
}

const lockPath = `node_modules/${nodePackage}`;

/** The version of Node that the project runs on. */
function lockedNodeVersion(packages) {
  const [, entry] = Object.entries(packages).find(([path]) => /^node_modules\/node-(?:linux|win|darwin)-/.test(path)) ?? [];
  return entry?.version ?? process.versions.node;
}

const isRecent = (version) => Number.parseInt(process.versions.node) >= Number.parseInt(version);

/**
 * The Node that the commands run on: the installed one, or the machine's own where npm has none for this system.
 * Stops with a sentence where there is none that will do.
 */
export function projectNode() {
  const packages = lockedPackages();
  const own = programIn(root);
  if (existsSync(own)) return own;
  const version = lockedNodeVersion(packages);
  if (packages[lockPath] === undefined && isRecent(version)) return process.execPath;
  return giveUp(
    packages[lockPath] === undefined
      ? `npm has no Node for this system. Install Node ${Number.parseInt(version)} or newer from https://nodejs.org.`
      : `${nodePackage} was not installed. Delete node_modules and try again.`,
  );
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes what it installed to a lock file of its own,
 * last of all, so an interrupted installation counts as none.
 */
export function modulesAreThere() {
  const installedPath = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return false;
  const installed = readJson(installedPath).packages;
  return Object.entries(lockedPackages()).every(
    ([path, { version, optional, peer }]) =>
      path === "" || ((optional || peer) && path !== lockPath) || installed[path]?.version === version,
  );
}

/** Runs `npm ci`. Stops with a sentence when it fails. */
export async function installModules() {
  const packages = lockedPackages();
  const node = await nodeForNpm(packages);
  const count = Object.keys(packages).length - 1;
  say(`installing ${count} npm packages (first run, or package-lock.json has changed; takes a minute or two)`);
  const { status, output, seconds } = await npmCi(node, root);
  if (status === 0) return say(`npm packages installed in ${seconds} s`);
  process.stderr.write(output);
  return giveUp(whyNpmFailed(output));
}

/**
 * The Node that npm has to run on: ours, unless it is older than the one that the project uses. npm leaves out optional
 * packages that do not support the Node it runs on, and among them are binaries that the tests cannot do without. So
 * the project's Node is then fetched first, by itself and with the hashes of package-lock.json.
 */
async function nodeForNpm(packages) {
  const version = lockedNodeVersion(packages);
  const locked = packages[lockPath];
  if (isRecent(version) || locked === undefined) return process.execPath;
  const folder = join(root, ".cache", `node-${version}`);
  const node = programIn(folder);
  if (existsSync(node)) return node;
  say(`fetching Node ${version} (once), because some npm packages do not support ${process.version}`);
  mkdirSync(folder, { recursive: true });
  const manifest = { name: "node-for-npm", private: true, dependencies: { [nodePackage]: version } };
  const { optional: _, ...wanted } = locked;
  const lock = { lockfileVersion: 3, requires: true, packages: { "": manifest, [lockPath]: wanted } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ name: manifest.name, ...lock }));
  const { output } = await npmCi(process.execPath, folder);
  if (existsSync(node)) return node;
  process.stderr.write(output);
  return giveUp(`Node ${version} could not be fetched; npm's own words are above. Or install Node ${version} yourself.`);
}

/** Runs `npm ci` in a folder on a certain Node: by the npm that started us, where there is one. */
function npmCi(node, folder) {
  const npmCli = process.env.npm_execpath?.endsWith("npm-cli.js") ? process.env.npm_execpath : undefined;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  // keytar stands next to the keychain, and its ready-made binary is checked by nobody: it is compiled here.
  const env = { ...process.env, npm_config_build_from_source: "keytar", ...headers(folder, node) };
  // The name has other capitals on Windows.
  const path = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  env[path] = [dirname(node), env[path]].join(delimiter);
  const options = { what: "installing", cwd: folder, env };
  return npmCli ? runLong(node, [npmCli, ...args], options) : runLong("npm", args, options);
}

/**
 * Lets keytar be built with the headers that come with the project's Node, or with the one that npm runs on: they are
 * pinned, and nodejs.org need not be reached. Which version's does not matter, as keytar uses Node-API alone.
 */
function headers(folder, node) {
  if (process.platform === "win32" || process.env.npm_config_nodedir) return {};
  const hasPackage = existsSync(join(folder, "package-lock.json")) && readJson(join(folder, "package-lock.json")).packages[lockPath];
  // npm lays all packages out before it compiles any.
  if (hasPackage) return { npm_config_nodedir: join(folder, lockPath) };
  const ofNode = dirname(dirname(realpathSync(node)));
  const areThere = ["node_api.h", "common.gypi", "config.gypi"].every((name) => existsSync(join(ofNode, "include/node", name)));
  return areThere ? { npm_config_nodedir: ofNode } : {};
}

/** One sentence on why `npm ci` failed. Only keytar is compiled on the spot, so a build that fails is its. */
function whyNpmFailed(output) {
  if (!/node_modules\/keytar|node_modules\\keytar/.test(output)) return "npm ci failed; its own words are above.";
  const known = keytarFailures.find(({ sign }) => sign.test(output));
  return `keytar, which reaches the system's keychain, could not be built: ${known?.cause ?? "npm's words are above."}`;
}
