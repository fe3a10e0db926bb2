import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { runScript } from "../support/childProcess.ts";
import { signInTo } from "../support/secureBackupRig.ts";
import { StartRequests } from "../support/startRequests.ts";
import { StewardData } from "../support/stewardServices.ts";
import { startSynapse } from "../support/synapse.ts";

/** So many requests more than the fewest are good enough. */
const REQUESTS = 1.3;
/** What the server can do (`GET /versions`) is told in more bytes than most of the rest. */
const BYTES = 1.5;

/**
 * The fewest requests that tell what the page of all accounts shows of one: counted by hand. Whoever keeps nothing but the
 * account's token and crypto store can learn it from no fewer.
 */
function fewest(userId: string): { method: "GET" | "POST"; path: string; body?: object }[] {
  const user = encodeURIComponent(userId);
  const filter = {
    room: { rooms: [] },
    presence: { not_types: ["*"] },
    account_data: { not_types: ["m.direct", "m.push_rules", "by.hand"] },
  };
  return [
    // The account data, which hold the secret storage; and where the sync begins that then waits for news.
    { method: "GET", path: `/_matrix/client/v3/sync?timeout=0&set_presence=offline&filter=${encodeURIComponent(JSON.stringify(filter))}` },
    // The identity, and which sessions it has signed.
    { method: "POST", path: "/_matrix/client/v3/keys/query", body: { device_keys: { [userId]: [] } } },
    // The sessions without keys, and when each was last seen.
    { method: "GET", path: "/_matrix/client/v3/devices" },
    { method: "GET", path: "/_matrix/client/v3/room_keys/version" },
    { method: "GET", path: "/_matrix/client/v3/account/3pid" },
    { method: "GET", path: `/_matrix/client/v3/profile/${user}` },
    // Whether the account is an admin of its server.
    { method: "GET", path: `/_synapse/admin/v2/users/${user}` },
  ];
}

/** The sync that waits for news is one request more, for whoever is told of them, and brings no bytes yet. */
const WAITING = 1;

/** What a start asks until the account's health is known, in requests and in bytes of bodies, against the fewest that can tell it. */
export async function measureStartRequests(): Promise<{ requests: Measured; bytes: Measured }> {
  const account = await StartRequests.open();
  try {
    const begun = Date.now();
    await account.whenAtRest(await account.start(), begun);
    const ours = account.proxy.bytes();
    await account.close();
    account.proxy.clearRecord();
    for (const { method, path, body } of fewest(account.user.userId)) {
      const headers = { authorization: `Bearer ${account.otherToken}`, "content-type": "application/json" };
      const answer = await fetch(account.proxy.baseUrl + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      await answer.text();
    }
    const reference = account.proxy.bytes();
    return {
      requests: ratioOf(ours.requests, reference.requests + WAITING, "requests", REQUESTS),
      bytes: ratioOf(ours.sent + ours.received, reference.sent + reference.received, "bytes", BYTES),
    };
  } finally {
    await account.destroy();
  }
}

const CHILD = fileURLToPath(new URL("startDelayChild.ts", import.meta.url));
const ACCOUNTS = 50;
/** Of several starts the best counts: whatever else the machine does makes the thread stand still as well. */
const STARTS = 3;
/** Nobody feels that a window stands still for less, in milliseconds. */
const STANDS_STILL_MS = 50;

/** How long main's event loop stands still while so many accounts start, until each of them is known: p99, in milliseconds. */
export async function measureStartDelay(accounts: number, starts: number): Promise<Measured> {
  const synapse = await startSynapse();
  const data = await StewardData.create();
  try {
    const services = await data.open();
    for (let number = 0; number < accounts; number += 1) {
      await signInTo(services, await synapse.register({ user: `user${number}`, password: "a password" }), synapse.baseUrl);
    }
    await data.close();
    const keychainFile = join(data.folder, "keychain.json");
    await writeFile(keychainFile, JSON.stringify([...data.keychain.entries]));
    const delays: number[] = [];
    for (let start = 0; start < starts; start += 1) {
      const child = runScript(CHILD, [data.folder, keychainFile]);
      delays.push(Number((await child.line("known", 180_000)).split(" ")[1]));
      await child.ended();
    }
    return ratioOf(Math.min(...delays), STANDS_STILL_MS, "ms", 1);
  } finally {
    await data.destroy();
    await synapse.stop();
  }
}

const ratioOf = (ours: number, reference: number, unit: string, target: number): Measured => ({
  ours,
  reference,
  ratio: ours / reference,
  unit,
  target,
});

/** What the start of accounts costs their server, and this computer. */
export const benchmarks: Benchmark[] = [
  { name: "start.requests", run: async () => (await measureStartRequests()).requests },
  { name: "start.bytes", run: async () => (await measureStartRequests()).bytes },
  { name: "start.fifty.eventLoop", run: () => measureStartDelay(ACCOUNTS, STARTS) },
];
