/** Installs the npm packages. Plain JavaScript, for the Node that the machine has. */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { keytarFailures } from "./needs.mjs";
import { giveUp, root, runLong, say } from "./programs.mjs";

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const lockedPackages = () => readJson(join(root, "package-lock.json")).packages;

/** Where the npm package `node` puts its program, below the folder that it was installed to. */
export function installedNode(folder) {
  return join(folder, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
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
    ([path, { version, optional, peer }]) => path === "" || optional || peer || installed[path]?.version === version,
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
  const { version } = packages["node_modules/node"];
  if (Number.parseInt(process.versions.node) >= Number.parseInt(version)) return process.execPath;
  const folder = join(root, ".cache", `node-${version}`);
  const node = installedNode(folder);
  if (existsSync(node)) return node;
  say(`fetching Node ${version} (once), because some npm packages do not support ${process.version}`);
  mkdirSync(folder, { recursive: true });
  const manifest = { name: "node-for-npm", private: true, dependencies: { node: version }, allowScripts: { node: true } };
  const wanted = Object.entries(packages).filter(([path]) => /^node_modules\/node(?:-bin-setup)?$/.test(path));
  const lock = { lockfileVersion: 3, requires: true, packages: { "": manifest, ...Object.fromEntries(wanted) } };
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
  const env = { ...process.env, ...headersOfThisNode() };
  // The name has other capitals on Windows.
  const path = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  env[path] = [dirname(node), env[path]].join(delimiter);
  const options = { what: "installing", cwd: folder, env };
  return npmCli ? runLong(node, [npmCli, ...args], options) : runLong("npm", args, options);
}

/**
 * Lets keytar be built with the headers that came with this Node, where nodejs.org cannot be reached. Which version's
 * does not matter, as keytar uses Node-API alone.
 */
function headersOfThisNode() {
  if (process.platform === "win32" || process.env.npm_config_nodedir) return {};
  const folder = dirname(dirname(realpathSync(process.execPath)));
  const areThere = ["node_api.h", "common.gypi", "config.gypi"].every((name) =>
    existsSync(join(folder, "include/node", name)),
  );
  return areThere ? { npm_config_nodedir: folder } : {};
}

/** One sentence on why `npm ci` failed. Only keytar is compiled on the spot, so a build that fails is its. */
function whyNpmFailed(output) {
  if (!/node_modules\/keytar|node_modules\\keytar/.test(output)) return "npm ci failed; its own words are above.";
  const known = keytarFailures.find(({ sign }) => sign.test(output));
  return `keytar, which reaches the system's keychain, could not be built: ${known?.cause ?? "npm's words are above."}`;
}
