/**
 * A Steward without a window, to be killed: opens the data folder and does a work of several steps when told to; asked
 * for the password, it answers. Speaks in lines: reads the work as JSON, writes `ready` with the Security Key that a
 * set-up shows, reads `go`, and writes `ended` with what came of it.
 *
 *     node killedChild.ts <data folder> <keychain file> <account id> <password>
 */
import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import type { AccountId } from "../../shared/ids.ts";
import type { ChildWork } from "./killableWork.ts";
import { openChildServices } from "./childServices.ts";
import { secretOf } from "./secretValues.ts";
import { openForPerson } from "./secureBackupAccounts.ts";

const [folder, keychainFile, account, password] = process.argv.slice(2) as [string, string, string, string];
const accountId = account as AccountId;
const services = await openChildServices(folder, keychainFile);
await services.sessions.restoreAll();
const { service } = openForPerson(services, { password });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async (): Promise<string> => String((await lines.next()).value);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
// Killed, it would leave none of it to the next.
flushCompileCache();

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
  await services.passwordSignIns.signInAgain(accountId, secretOf("password", password));
  say(`ended ${services.sessions.account(accountId).session.status}`);
} else if (work.kind === "repair") {
  const { securityKey: keyOrPhrase, newBackup } = work;
  say("ready");
  await nextLine();
  say(`ended ${(await service.repair({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase), newBackup })).diagnosis}`);
} else if (work.kind === "turn_off") {
  say("ready");
  await nextLine();
  say(`ended ${(await service.turnOff({ accountId })).diagnosis}`);
} else {
  const confirmation = services.sessions.session(accountId).details.userId;
  const begun = await service.beginSetUp({ accountId, kind: work.kind, method: "key", confirmation });
  say(`ready ${begun.securityKey.reveal()}`);
  await nextLine();
  say(`ended ${(await service.confirmSetUp({ accountId, typed: begun.securityKey })).setUp.phase}`);
}
