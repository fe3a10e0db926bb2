/**
 * A Steward without a window, to be killed: opens the data folder, begins a set-up of Secure Backup, and confirms it
 * when told to. Speaks in lines: writes `key <Security Key>` and `ended <phase>`, reads `confirm`.
 *
 *     node setUpChild.ts <data folder> <keychain file> <account id>
 */
import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inspect } from "node:util";
import { openRooms } from "../../main/rooms.ts";
import { Folders } from "../../main/storage/folders.ts";
import type { AccountId } from "../../shared/ids.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import { openSecureBackup } from "./secureBackupRig.ts";

const [folder, keychainFile, account] = process.argv.slice(2) as [string, string, string];
const accountId = account as AccountId;
const keychain = new MemoryKeychain();
const entries = JSON.parse(await readFile(keychainFile, "utf8")) as [string, string][];
for (const [name, value] of entries) keychain.entries.set(name, value);

const silent = (): void => undefined;
const complain = (message: string, fields?: object): void => {
  process.stderr.write(`${message} ${inspect(fields)}\n`);
};
const rooms = await openRooms({
  folders: new Folders(folder),
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
});
await rooms.sessions.restoreAll();
// What is learnt of an account at its start makes requests of its own.
await rooms.health.refresh(accountId);
const { service } = openSecureBackup(rooms);
const { securityKey } = await service.beginSetUp({ accountId, method: "key" });
const lines = createInterface({ input: process.stdin });
process.stdout.write(`key ${securityKey}\n`);
await once(lines, "line");
const { setUp } = await service.confirmSetUp({ accountId, typed: securityKey });
process.stdout.write(`ended ${setUp.phase}\n`);
