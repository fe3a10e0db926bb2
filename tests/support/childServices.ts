import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { openServices, type Services, type ServicesOptions } from "../../main/services.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import { SettingsFile } from "../../main/storage/settingsFile.ts";
import type { KeychainDone } from "../../main/secrets/keychain.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";

/** A keychain whose entries outlive the process that is killed. */
class FileKeychain extends MemoryKeychain {
  readonly #path: string;

  constructor(path: string) {
    super();
    this.#path = path;
  }

  override async set(name: string, value: string): Promise<KeychainDone> {
    const done = await super.set(name, value);
    writeFileSync(this.#path, JSON.stringify([...this.entries]));
    return done;
  }
}

/**
 * Main's services for a process that is to be killed: they tell nobody anything, save errors on stderr, and nobody is there to
 * answer them.
 *
 * @param keychainFile the keychain's entries, as JSON; those that are added go there as well
 */
export async function openChildServices(
  folder: string,
  keychainFile: string,
  options: Partial<Pick<ServicesOptions, "emit" | "openInBrowser" | "recoveryTimes" | "registrationPollMs" | "serverAwayMs">> = {},
): Promise<Services> {
  const keychain = new FileKeychain(keychainFile);
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
