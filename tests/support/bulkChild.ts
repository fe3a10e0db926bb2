/**
 * A Steward without a window, to be killed: opens the data folder, starts its accounts, and lets the Jobs of many rows go on
 * by themselves. Writes `ended` with the states of the Jobs once none of them runs.
 *
 *     node bulkChild.ts <data folder> <keychain file>
 */
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { openServices } from "../../main/services.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import { waitUntil } from "./waitUntil.ts";

const [folder, keychainFile] = process.argv.slice(2) as [string, string];
const keychain = new MemoryKeychain();
for (const [name, value] of JSON.parse(await readFile(keychainFile, "utf8")) as [string, string][]) keychain.entries.set(name, value);

const silent = (): void => undefined;
const complain = (message: string, fields?: object): void => {
  process.stderr.write(`${message} ${inspect(fields)}\n`);
};
const folders = new Folders(folder);
const services = await openServices({
  folders,
  index: new AccountIndex({ path: folders.accountIndexFile, onDamaged: silent, onUnreadableEntries: silent }),
  fetch: globalThis.fetch,
  emit: silent,
  loggerFor: () => ({ debug: silent, info: silent, warn: silent, error: complain }),
  keepOutOfLogs: silent,
  openInBrowser: () => Promise.resolve(),
  onDamaged: silent,
  keychain,
  serverAwayMs: 20,
  keeping: {
    copyText: () => Promise.resolve(),
    saveText: () => Promise.resolve(false),
    print: () => Promise.resolve(false),
  },
  keyFiles: { chooseTarget: () => Promise.resolve(null), chooseSource: () => Promise.resolve(null) },
});
await services.sessions.restoreAll();
const states = (): string[] => services.rowJobs.list().map(({ status }) => status);
const hours = { what: "the jobs to end", timeoutMs: 3_600_000, everyMs: 20 };
await waitUntil(() => !states().some((status) => status === "running" || status === "interrupted"), hours);
process.stdout.write(`ended ${states().join()}\n`);
