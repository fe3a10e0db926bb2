/**
 * A Steward that starts its one account, says how many milliseconds that took, and ends.
 *
 *     node restartChild.ts <data folder> <keychain file>
 */
import { shutDown } from "../../main/shutdown.ts";
import { openChildServices } from "../support/childServices.ts";

const [folder, keychainFile] = process.argv.slice(2) as [string, string];
const services = await openChildServices(folder, keychainFile);
const begun = performance.now();
await services.sessions.restoreAll();
const took = performance.now() - begun;
const { status, error } = services.sessions.list()[0]!.session;
process.stdout.write(status === "running" && error === null ? `running ${took}\n` : `${status} ${error?.kind ?? ""}\n`);
await shutDown(services);
process.exit();
