/**
 * A Steward without a window, to be killed: opens the data folder and does a work of several steps when told to; asked
 * for the password, it answers. Speaks in lines: reads the work as JSON, writes `ready` with the Security Key that a
 * set-up shows, reads `go`, and writes `ended` with what came of it.
 *
 *     node killedChild.ts <data folder> <keychain file> <account id> <password>
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { inspect } from "node:util";
import { openServices } from "../../main/services.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { ChildWork } from "./killableWork.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import { openForPerson } from "./secureBackupAccounts.ts";

const [folder, keychainFile, account, password] = process.argv.slice(2) as [string, string, string, string];
const accountId = account as AccountId;
const keychain = new MemoryKeychain();
const entries = JSON.parse(await readFile(keychainFile, "utf8")) as [string, string][];
for (const [name, value] of entries) keychain.entries.set(name, value);

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
  keeping: {
    copyText: () => Promise.resolve(),
    saveText: () => Promise.resolve(false),
    print: () => Promise.resolve(false),
  },
  keyFiles: { chooseTarget: () => Promise.resolve(null), chooseSource: () => Promise.resolve(null) },
});
await services.sessions.restoreAll();
const { service } = openForPerson(services, { password });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async (): Promise<string> => String((await lines.next()).value);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const work = JSON.parse(await nextLine()) as ChildWork;
// What is learnt of an account at its start makes requests of its own.
if (work.kind !== "sign_in_again" && work.kind !== "ask") await services.health.refresh(accountId);
if (work.kind === "ask") {
  say("ready");
  await nextLine();
  say(`ended ${(await services.sessions.session(accountId).use((client) => client.whoami())).user_id}`);
} else if (work.kind === "sign_in_again") {
  say("ready");
  await nextLine();
  await services.sessions.signInAgain(accountId, password);
  say(`ended ${services.sessions.account(accountId).session.status}`);
} else if (work.kind === "repair") {
  const { securityKey: keyOrPhrase, newBackup } = work;
  say("ready");
  await nextLine();
  say(`ended ${(await service.repair({ accountId, keyOrPhrase, newBackup })).diagnosis}`);
} else if (work.kind === "turn_off") {
  say("ready");
  await nextLine();
  say(`ended ${(await service.turnOff({ accountId })).diagnosis}`);
} else {
  const confirmation = services.sessions.session(accountId).details.userId;
  const begun = await service.beginSetUp({ accountId, kind: work.kind, method: "key", confirmation });
  say(`ready ${begun.securityKey}`);
  await nextLine();
  say(`ended ${(await service.confirmSetUp({ accountId, typed: begun.securityKey })).setUp.phase}`);
}
