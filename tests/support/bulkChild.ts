/**
 * A Steward without a window, to be killed: opens the data folder, starts its accounts, and lets the Jobs of many rows go on
 * by themselves. Writes `ended` with the states of the Jobs once none of them runs.
 *
 *     node bulkChild.ts <data folder> <keychain file>
 */
import { openChildServices } from "./childServices.ts";
import { waitUntil } from "./waitUntil.ts";

const [folder, keychainFile] = process.argv.slice(2) as [string, string];
const services = await openChildServices(folder, keychainFile, { serverAwayMs: 20 });
await services.sessions.restoreAll();
const states = (): string[] => services.rowJobs.list().map(({ status }) => status);
const hours = { what: "the jobs to end", timeoutMs: 3_600_000, everyMs: 20 };
await waitUntil(() => !states().some((status) => status === "running" || status === "interrupted"), hours);
process.stdout.write(`ended ${states().join()}\n`);
