/**
 * Variables with which whoever starts the app could switch off what protects it: certificates that are not checked, keys
 * of connections written down, options and code for Node, requests printed. `NODE_EXTRA_CA_CERTS` stays: it names
 * authorities that a person trusts, and Node has read it by now.
 */
const UNWANTED: ReadonlySet<string> = new Set([
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "SSLKEYLOGFILE",
  "NODE_OPTIONS",
  "NODE_REPL_EXTERNAL_MODULE",
  "NODE_PATH",
  "NODE_DEBUG",
  "NODE_DEBUG_NATIVE",
  "NODE_V8_COVERAGE",
  "NODE_REDIRECT_WARNINGS",
  "NODE_COMPILE_CACHE",
  "OPENSSL_CONF",
  "OPENSSL_MODULES",
  "ELECTRON_RUN_AS_NODE",
  "ELECTRON_NO_ASAR",
  "ELECTRON_ENABLE_LOGGING",
  "ELECTRON_LOG_FILE",
]);

/**
 * Takes them out of an environment, in whatever capitals they are written there, before anything reads them.
 *
 * @returns the names of those that were there
 */
export function cleanEnvironment(environment: Record<string, string | undefined>): string[] {
  const found = Object.keys(environment).filter((name) => UNWANTED.has(name.toUpperCase()));
  for (const name of found) delete environment[name];
  return found;
}
