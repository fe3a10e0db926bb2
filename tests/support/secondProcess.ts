/**
 * A second Steward on a data folder that another one uses: starts its accounts, says what became of the first, and stays.
 *
 *     node secondProcess.ts <data folder> <keychain file>
 */
import { openChildServices } from "./childServices.ts";

const [folder, keychainFile] = process.argv.slice(2) as [string, string];
const services = await openChildServices(folder, keychainFile);
await services.sessions.restoreAll();
await services.revocations.load();
services.woke();
const { status, error } = services.sessions.list()[0]!.session;
process.stdout.write(`started ${status} ${error?.kind ?? "well"}\n`);
