import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cache } from "../../build/paths.ts";
import type { AccountId } from "../../shared/ids.ts";
import { runScript } from "./childProcess.ts";
import type { FaultProxy, Hold } from "./faultProxy.ts";
import type { StewardData } from "./stewardServices.ts";
import type { TestUser } from "./synapse.ts";
import type { ChildWork } from "./killableWork.ts";
import { within } from "./waitUntil.ts";

/** The request at which the app is killed: `before` the server sees it, or `after` the server has done it. */
export type KillPoint = Parameters<FaultProxy["hold"]>[0];

const CHILD = fileURLToPath(new URL("./killedChild.ts", import.meta.url));
/** How long a child may take to start, and to come to the request; in milliseconds. */
const START_MS = 30_000;
const REACH_MS = 60_000;

/**
 * Does the work in a Steward of its own, on a data folder whose services are closed here, and ends it with SIGKILL when it
 * has come to the point, or after the work when it does not come there.
 *
 * @param begin called right before the work; its promise tells when the point is reached
 * @returns the Security Key that was shown, where the work is to set one up; and how far it came
 */
export async function killDuring(
  { data, accountId, user }: { data: StewardData; accountId: AccountId; user: TestUser },
  work: ChildWork,
  begin: () => Omit<Hold, "reached"> & { reached: Promise<unknown> },
): Promise<{ securityKey: string; reached: boolean }> {
  await data.close();
  const keychainFile = join(data.folder, "keychain.json");
  await writeFile(keychainFile, JSON.stringify([...data.keychain.entries]));
  const child = runScript(CHILD, [data.folder, keychainFile, accountId, user.password], { compiled: join(cache, "compiled") });
  try {
    child.process.stdin.write(`${JSON.stringify(work)}\n`);
    const ready = await child.line("ready", START_MS);
    const hold = begin();
    child.process.stdin.write("go\n");
    const reached = hold.reached.then(() => true);
    const ended = child.line("ended", REACH_MS).then(() => false);
    // The one that loses is not waited for; the child is then gone.
    ended.catch(() => undefined);
    const first = await within(Promise.race([reached, ended]), REACH_MS, `the point in ${work.kind}`);
    await child.kill();
    hold.release();
    return { securityKey: ready.replace(/^ready ?/, ""), reached: first };
  } finally {
    await child.kill();
  }
}
