/**
 * A Steward that starts all its accounts, says how long its event loop stood still until each of them was known (99 of 100
 * times for less than that), in milliseconds, and ends.
 *
 *     node startDelayChild.ts <data folder> <keychain file>
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { shutDown } from "../../main/shutdown.ts";
import { openChildServices } from "../support/childServices.ts";
import { waitUntil } from "../support/waitUntil.ts";

const [folder, keychainFile] = process.argv.slice(2) as [string, string];
const begun = Date.now();
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const services = await openChildServices(folder, keychainFile);
await services.sessions.restoreAll();
const isKnown = (health: { checkedAt: number } | null): boolean => health !== null && health.checkedAt >= begun;
await waitUntil(() => services.sessions.list().every((account) => isKnown(account.health)), {
  what: "every account's health",
  timeoutMs: 120_000,
});
delay.disable();
process.stdout.write(`known ${delay.percentile(99) / 1e6}\n`);
await shutDown(services);
process.exit();
