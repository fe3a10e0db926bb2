import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { openServices, type Services, type ServicesOptions } from "../../main/services.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import { SettingsFile } from "../../main/storage/settingsFile.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";

/**
 * Main's services for a process that is to be killed: they tell nobody anything, save errors on stderr, and nobody is there to
 * answer them.
 *
 * @param keychainFile the keychain's entries, as JSON
 */
export async function openChildServices(
  folder: string,
  keychainFile: string,
  options: Pick<ServicesOptions, "serverAwayMs"> = {},
): Promise<Services> {
  const keychain = new MemoryKeychain();
  const entries = JSON.parse(await readFile(keychainFile, "utf8")) as [string, string][];
  for (const [name, value] of entries) keychain.entries.set(name, value);
  const silent = (): void => undefined;
  const complain = (message: string, fields?: object): void => {
    process.stderr.write(`${message} ${inspect(fields)}\n`);
  };
  const folders = new Folders(folder);
  return openServices({
    folders,
    index: new AccountIndex({ path: folders.accountIndexFile, onDamaged: silent, onUnreadableEntries: silent }),
    homeservers: new SettingsFile({ path: folders.settingsFile, onDamaged: silent }),
    fetch: globalThis.fetch,
    emit: silent,
    loggerFor: () => ({ debug: silent, info: silent, warn: silent, error: complain }),
    keepOutOfLogs: silent,
    openInBrowser: () => Promise.resolve(),
    onDamaged: silent,
    keychain,
    keeping: {
      copyText: () => Promise.resolve(),
      saveText: () => Promise.resolve(false),
      print: () => Promise.resolve(false),
      savePdf: () => Promise.resolve(false),
    },
    keyFiles: { chooseTarget: () => Promise.resolve(null), chooseSource: () => Promise.resolve(null) },
    ...options,
  });
}
