/**
 * A Steward without a window, to be killed: opens the data folder, begins a set-up, a change of key or a reset of
 * Secure Backup, and confirms it when told to; asked for the password, it answers. Speaks in lines: writes `key <Security Key>` and `ended <phase>`, reads `confirm`.
 *
 *     node setUpChild.ts <data folder> <keychain file> <account id> <kind> <password>
 */
import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inspect } from "node:util";
import { openRooms } from "../../main/rooms.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import type { SetUpKind } from "../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../shared/ids.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import { openForPerson } from "./secureBackupAccounts.ts";

const [folder, keychainFile, account, kind, password] = process.argv.slice(2) as [
  string,
  string,
  string,
  SetUpKind,
  string,
];
const accountId = account as AccountId;
const keychain = new MemoryKeychain();
const entries = JSON.parse(await readFile(keychainFile, "utf8")) as [string, string][];
for (const [name, value] of entries) keychain.entries.set(name, value);

const silent = (): void => undefined;
const complain = (message: string, fields?: object): void => {
  process.stderr.write(`${message} ${inspect(fields)}\n`);
};
const folders = new Folders(folder);
const rooms = await openRooms({
  folders,
  index: new AccountIndex({ path: folders.accountIndexFile, onDamaged: silent }),
  fetch: globalThis.fetch,
  emit: silent,
  loggerFor: () => ({ debug: silent, info: silent, warn: silent, error: complain }),
  keepOutOfLogs: silent,
  onDamaged: silent,
  keychain,
  keeping: {
    copyText: () => Promise.resolve(),
    saveText: () => Promise.resolve(false),
    print: () => Promise.resolve(false),
  },
  keyFiles: { chooseTarget: () => Promise.resolve(null), chooseSource: () => Promise.resolve(null) },
});
await rooms.sessions.restoreAll();
// What is learnt of an account at its start makes requests of its own.
await rooms.health.refresh(accountId);
const { service } = openForPerson(rooms, { password });
const confirmation = rooms.sessions.session(accountId).details.userId;
const { securityKey } = await service.beginSetUp({ accountId, kind, method: "key", confirmation });
const lines = createInterface({ input: process.stdin });
process.stdout.write(`key ${securityKey}\n`);
await once(lines, "line");
const { setUp } = await service.confirmSetUp({ accountId, typed: securityKey });
process.stdout.write(`ended ${setUp.phase}\n`);
