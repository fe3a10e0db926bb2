import type { ServerResponse } from "node:http";
import { createClient, MemoryStore } from "matrix-js-sdk";
import type { Logger } from "matrix-js-sdk/lib/logger.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { SERVER_LIMITS, type ServerLimits } from "../../../main/http/limits.ts";
import type { Fetch } from "../../../main/http/redirects.ts";
import { startLean } from "../../../main/sdk/leanStart.ts";
import { stopForGood } from "../../../main/sdk/matrixClient.ts";
import { toServerFailure } from "../../../main/http/serverErrors.ts";
import { fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { waitUntil, within } from "../../support/waitUntil.ts";

const MEGABYTE = 1024 * 1024;
const silent = (): void => undefined;
const silentLogger: Logger = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  getChild: () => silentLogger,
};

let server: LocalServer;
let ended: AbortController;
let answer: (response: ServerResponse) => void;
const limits: ServerLimits = { answerMs: 300, firstSyncMs: 300, silenceMs: 300, wholeAnswerMs: 900, answerBytes: MEGABYTE };

beforeEach(async () => {
  ended = new AbortController();
  server = await LocalServer.start((response) => answer(response));
});
afterEach(() => server.stop());

const ofSession = (given: Partial<ServerLimits> = {}, web: Fetch = fetch): Fetch =>
  new HomeserverClient({ fetch: web, baseUrl: server.baseUrl, limits: { ...limits, ...given }, ended: ended.signal }).sdkFetch();
const timeout = (): object => ({ kind: "network", reason: "timeout", host: new URL(server.baseUrl).host });
const badAnswer = (): object => ({ kind: "bad_answer", host: new URL(server.baseUrl).host });

/** A client of the SDK as a session has it, but for encryption. */
function clientWith(fetchFn: Fetch) {
  const client = createClient({
    baseUrl: server.baseUrl,
    userId: "@a:example.org",
    accessToken: "the-token",
    store: new MemoryStore(),
    fetchFn,
    localTimeoutMs: limits.answerMs,
    logger: silentLogger,
  });
  startLean(client, ended.signal);
  return client;
}

/** What a session makes of what the SDK throws. */
const meaningOf = (asked: Promise<unknown>): Promise<unknown> =>
  errorOf(asked.catch((thrown: unknown) => Promise.reject(toServerFailure(thrown, "of the session") as Error)));

/** Sends zeros until the connection is closed; counts them. */
function sendForEver(response: ServerResponse, count: (bytes: number) => void = silent, status = 200): void {
  const zeros = Buffer.alloc(64 * 1024);
  response.writeHead(status, { "content-type": "application/json" });
  const go = (): void => {
    while (!response.destroyed) {
      count(zeros.length);
      if (!response.write(zeros)) return void response.once("drain", go);
    }
  };
  go();
}

describe("an answer", () => {
  it("comes through the SDK as it is, errors as well", async () => {
    answer = (response) => void response.writeHead(200, { "x-of-server": "1" }).end(JSON.stringify({ é: "ü".repeat(500_000) }));
    const response = await ofSession({ answerBytes: 2 * MEGABYTE })(`${server.baseUrl}/a`);
    expect([response.status, response.headers.get("x-of-server")]).toEqual([200, "1"]);
    expect(await response.json()).toEqual({ é: "ü".repeat(500_000) });
    answer = (response) => void response.writeHead(204).end();
    expect((await ofSession()(`${server.baseUrl}/b`)).status).toBe(204);
    answer = (response) =>
      void response.writeHead(403, { "content-type": "application/json" }).end(`{"errcode":"M_FORBIDDEN","error":"no"}`);
    expect(await meaningOf(clientWith(ofSession()).getDevices())).toEqual({ kind: "forbidden", message: "no" });
  });

  it("that has no end is given up at the limit, and the connection with it", async () => {
    let sent = 0;
    answer = (response) => sendForEver(response, (bytes) => (sent += bytes));
    expect(await meaningOf(clientWith(ofSession()).getDevices())).toEqual(badAnswer());
    await waitUntil(() => server.connections === 0, { what: "the connection to be closed" });
    expect(sent).toBeLessThan(20 * MEGABYTE);
    // Also where the SDK wants the bytes, not JSON. Of an error the status is enough.
    expect(await meaningOf(clientWith(ofSession()).uploadContent(new Blob(["x"])))).toEqual(badAnswer());
    answer = (response) => sendForEver(response, silent, 500);
    const failed = { kind: "gateway_error", host: "of the session", status: 500 };
    expect(await meaningOf(clientWith(ofSession()).getDevices())).toEqual(failed);
    await waitUntil(() => server.connections === 0, { what: "the connection to be closed" });
  });

  it("that drips is given up when it should be there, and one that stops sooner", async () => {
    let drips: NodeJS.Timeout | undefined;
    answer = (response) => {
      response.write("{");
      drips = setInterval(() => response.write(" "), 50);
    };
    const begun = performance.now();
    expect(await meaningOf(clientWith(ofSession()).getDevices())).toEqual(timeout());
    expect(performance.now() - begun).toBeGreaterThan(850);
    clearInterval(drips);
    await waitUntil(() => server.connections === 0, { what: "the connection to be closed" });
    answer = (response) => void response.write("{");
    expect(await meaningOf(clientWith(ofSession({ wholeAnswerMs: 60_000 })).getDevices())).toEqual(timeout());
  });

  it("to a first sync may take longer than one to a later sync that does not wait", async () => {
    let first: ServerResponse | undefined;
    answer = (response) => (first ??= response);
    const request = ofSession({ answerMs: 50, firstSyncMs: 60_000 });
    const sync = `${server.baseUrl}/_matrix/client/v3/sync?timeout=0`;
    const firstAnswer = request(sync);
    await waitUntil(() => first !== undefined, { what: "the first sync" });
    expect(await errorOf(request(`${sync}&since=s1`))).toEqual(timeout());
    first?.end("{}");
    expect((await firstAnswer).status).toBe(200);
    answer = silent;
    expect(await errorOf(ofSession({ firstSyncMs: 50 })(sync))).toEqual(timeout());
  });

  it("that does not come is a time-out, not a stop", async () => {
    answer = silent;
    expect(await meaningOf(clientWith(ofSession()).getDevices())).toEqual(timeout());
  });

  it("that is a whole backup may be long and slow, but is read no faster than it is taken", async () => {
    let sent = 0;
    const backup = (response: ServerResponse): void => sendForEver(response, (bytes) => (sent += bytes));
    answer = backup;
    const url = `${server.baseUrl}/_matrix/client/v3/room_keys/keys?version=1`;
    const response = await ofSession({ answerBytes: 1000, wholeAnswerMs: 1 })(url);
    const reader = response.body!.getReader();
    for (let read = 0; read < 3 * MEGABYTE;) read += (await reader.read()).value!.length;
    answer = (other) => void other.end("{}");
    for (let count = 0; count < 50; count += 1) await (await ofSession()(`${server.baseUrl}/a`)).text();
    expect(sent).toBeLessThan(20 * MEGABYTE);
    const others = server.connections - 1;
    await reader.cancel();
    await waitUntil(() => server.connections <= others, { what: "the connection to be closed" });
    answer = backup;
    // What is sent to the backup is answered briefly, like anything else.
    const put = await ofSession()(url, { method: "PUT", body: "{}" });
    expect(await errorOf(put.text())).toEqual(badAnswer());
  });
});

/** Lets everything go on that waits for nothing but its turn; time is not real meanwhile. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await vi.advanceTimersByTimeAsync(1);
}

describe("the end of a session", () => {
  it.each([
    ["stopped", undefined, { kind: "cancelled" }],
    ["logged out", fail("unauthenticated", { softLogout: true }), { kind: "unauthenticated", softLogout: true }],
  ])("%s: fails what is under way, before and within the answer", async (_name, reason, expected) => {
    answer = silent;
    const request = ofSession({ silenceMs: 60_000, wholeAnswerMs: 60_000 });
    const waiting = errorOf(request(`${server.baseUrl}/a`));
    await waitUntil(() => server.arrived.length === 1, { what: "the request" });
    answer = (response) => void response.write("{");
    const read = errorOf((await request(`${server.baseUrl}/b`)).text());
    ended.abort(reason);
    expect([await waiting, await read]).toEqual([expected, expected]);
    await waitUntil(() => server.connections === 0, { what: "the connections to be closed" });
  });

  it("refuses whatever is asked after it, and sends nothing", async () => {
    answer = (response) => void response.end("{}");
    ended.abort();
    expect(await errorOf(within(ofSession()(`${server.baseUrl}/a`), 200, "an answer"))).toEqual({ kind: "cancelled" });
    expect(server.arrived).toEqual([]);
  });

  it("leaves no listener behind with each answer", async () => {
    answer = (response) => void response.end("{}");
    const add = vi.spyOn(ended.signal, "addEventListener");
    const remove = vi.spyOn(ended.signal, "removeEventListener");
    const request = ofSession();
    for (let count = 0; count < 5; count += 1) await (await request(`${server.baseUrl}/a`)).text();
    answer = (response) => void response.destroy();
    await request(`${server.baseUrl}/a`).catch(() => undefined);
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([6, 6]);
  });

  it("brings everything in the SDK to rest that polls", async () => {
    const requests: string[] = [];
    const dead = JSON.stringify({ errcode: "M_UNKNOWN_TOKEN", error: "Unknown", soft_logout: true });
    const web: Fetch = (input) => {
      requests.push(new URL(input as URL).pathname);
      return Promise.resolve(new Response(dead, { status: 401, headers: { "content-type": "application/json" } }));
    };
    vi.useFakeTimers();
    try {
      const client = clientWith(ofSession({}, web));
      client.on(
        "Session.logged_out" as never,
        (() => {
          ended.abort(fail("unauthenticated", { softLogout: true }));
          stopForGood(client);
        }) as never,
      );
      void client.startClient().then(() => stopForGood(client));
      await settle();
      expect(requests).toEqual(["/_matrix/client/versions"]);
      await vi.advanceTimersByTimeAsync(60 * 60 * 1000);
      expect(requests).toEqual(["/_matrix/client/versions"]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("brings them to rest when it comes while they ask", async () => {
    const requests: string[] = [];
    const web: Fetch = (input, init) => {
      const path = new URL(input as URL).pathname;
      requests.push(path);
      if (path.endsWith("/versions")) return Promise.resolve(Response.json({ versions: ["v1.11"] }));
      return new Promise((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(new DOMException("cut", "AbortError"))),
      );
    };
    vi.useFakeTimers();
    try {
      const client = clientWith(ofSession(SERVER_LIMITS, web));
      void client.startClient();
      await settle();
      expect(requests.some((path) => path.endsWith("/sync"))).toBe(true);
      const asked = requests.length;
      ended.abort();
      stopForGood(client);
      await vi.advanceTimersByTimeAsync(60 * 60 * 1000);
      expect(requests).toHaveLength(asked);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
