import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { TokenKeeper } from "../../../main/http/tokenKeeper.ts";
import { errorOf } from "../../support/errorOf.ts";
import type { Fault, FaultRule } from "../../support/faultProxy.ts";
import { LocalServer } from "../../support/localServer.ts";
import { accessToken as accessTokenOf } from "../../support/secretValues.ts";
import { useServers } from "../../support/servers.ts";

const servers = useServers();
const Name = z.object({ displayname: z.string() });
const Nothing = z.object({});
/** Longer than any answer of these tests that is to be taken. */
const ANSWER_BYTES = 10_000;

let client: HomeserverClient;
let path: string;
let host: string;
let names = 0;

beforeAll(async () => {
  const { synapse, proxy } = servers;
  const { userId, user, password } = await synapse.register({ user: "whole", password: "a client as a whole" });
  const { accessToken } = await synapse.login(user, password);
  path = `/_matrix/client/v3/profile/${encodeURIComponent(userId)}/displayname`;
  host = new URL(proxy.baseUrl).host;
  client = new HomeserverClient({
    fetch,
    baseUrl: proxy.baseUrl,
    tokens: new TokenKeeper({ accessToken: accessTokenOf(accessToken), expiresAt: null }),
    limits: { answerBytes: ANSWER_BYTES },
    retry: { firstWaitMs: 1, longestWaitMs: 1_000 },
  });
});
beforeEach(() => {
  servers.proxy.clear();
  servers.proxy.clearRecord();
});

const read = (repeatable: boolean): Promise<z.output<typeof Name>> => client.json({ path, schema: Name, repeatable });
const write = (displayname: string, repeatable: boolean): Promise<unknown> =>
  client.json({ method: "PUT", path, body: { displayname }, schema: Nothing, repeatable });
const newName = (): string => `Whole ${(names += 1)}`;
const sent = (): number => servers.proxy.record.length;
/** Asked past the proxy, so that nothing more is counted. */
const nameOnServer = async (): Promise<unknown> =>
  ((await (await fetch(servers.synapse.baseUrl + path)).json()) as { displayname?: string }).displayname;
const meets = (fault: Fault, rule: Partial<FaultRule> = {}): unknown => servers.proxy.addRule({ path: /displayname/, fault, ...rule });
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Fault => ({ kind: "answer", status, body, headers });
const page = "<!doctype html><html><body>The proxy says no.</body></html>";
const html = (status: number): Fault => answer(status, page, { "content-type": "text/html" });

/** What meets a request, what it then means, and whether it is sent again where that does no harm. */
const FAULTS: readonly { name: string; fault: Fault; error: object; again: boolean }[] = [
  { name: "cut in the middle", fault: { kind: "cut" }, error: { kind: "network", reason: "cut" }, again: true },
  { name: "cut before it begins", fault: { kind: "reset" }, error: { kind: "network" }, again: true },
  { name: "JSON that ends too early", fault: { kind: "malformed" }, error: { kind: "bad_answer" }, again: false },
  { name: "a page of HTML in place of an answer", fault: html(200), error: { kind: "bad_answer" }, again: false },
  { name: "a page of HTML with 502", fault: html(502), error: { kind: "gateway_error", status: 502 }, again: true },
  { name: "a page of HTML with 403", fault: html(403), error: { kind: "gateway_error", status: 403 }, again: false },
  { name: "429 that says for how long", fault: { kind: "rateLimit", retryAfterMs: 0 }, error: { kind: "rate_limited" }, again: true },
  {
    name: "429 with a Retry-After alone",
    fault: answer(429, {}, { "retry-after": "0" }),
    error: { kind: "rate_limited", retryAfterMs: 0 },
    again: true,
  },
  {
    name: "429 with a time in the body alone",
    fault: answer(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 3 }),
    error: { kind: "rate_limited", retryAfterMs: 3 },
    again: true,
  },
  {
    name: "429 that does not say for how long, which is longer than is waited here",
    fault: answer(429, { errcode: "M_LIMIT_EXCEEDED" }),
    error: { kind: "rate_limited" },
    again: false,
  },
  {
    name: "500 in words of Matrix",
    fault: answer(500, { errcode: "M_UNKNOWN", error: "no" }),
    error: { kind: "server", status: 500 },
    again: true,
  },
  { name: "501", fault: answer(501, { errcode: "M_UNRECOGNIZED", error: "no" }), error: {}, again: false },
  {
    name: "more than can be taken",
    fault: answer(200, { displayname: "x".repeat(2 * ANSWER_BYTES) }),
    error: { kind: "bad_answer" },
    again: false,
  },
  { name: "another shape", fault: answer(200, []), error: { kind: "bad_answer" }, again: false },
];

describe.each(FAULTS)("$name", ({ fault, error, again }) => {
  it("is an error, and the request is not sent again by itself, nor seen by the server", async () => {
    const before = await nameOnServer();
    for (const request of [() => read(false), () => write(newName(), false)]) {
      servers.proxy.clearRecord();
      meets(fault);
      const failure = await errorOf(request());
      expect(failure).toMatchObject(error);
      expect(JSON.stringify(failure)).not.toContain("proxy says");
      expect(sent()).toBe(1);
    }
    expect(await nameOnServer()).toBe(before);
  });

  it(again ? "is asked past where that does no harm" : "is no reason to send it again", async () => {
    meets(fault);
    if (!again) {
      expect(await errorOf(read(true))).toMatchObject(error);
      expect(sent()).toBe(1);
      return;
    }
    const name = newName();
    await write(name, true);
    expect(sent()).toBe(2);
    expect(await nameOnServer()).toBe(name);
  });
});

describe("an answer that is lost when the server has done it", () => {
  it("leaves what was done, and the request went once", async () => {
    for (const fault of [{ kind: "cut" }, { kind: "reset" }, html(502)] as const) {
      servers.proxy.clearRecord();
      const name = newName();
      meets(fault, { when: "after" });
      await errorOf(write(name, false));
      expect(sent()).toBe(1);
      expect(await nameOnServer()).toBe(name);
    }
  });

  it("is asked for again where doing it twice does no harm", async () => {
    const name = newName();
    meets({ kind: "cut" }, { when: "after" });
    await write(name, true);
    expect(servers.proxy.record.map(({ forwarded }) => forwarded)).toEqual([true, true]);
    expect(await nameOnServer()).toBe(name);
  });
});

it("a server that never answers is late, and one that stays so is not asked for ever", async () => {
  meets({ kind: "hang" }, { times: Infinity });
  const ask = (repeatable: boolean): Promise<unknown> => errorOf(client.json({ path, schema: Name, repeatable, limits: { answerMs: 20 } }));
  expect(await ask(false)).toEqual({ kind: "network", reason: "timeout", host });
  expect(sent()).toBe(1);
  servers.proxy.clearRecord();
  expect(await ask(true)).toEqual({ kind: "network", reason: "timeout", host });
  expect(sent()).toBe(5);
});

it("no request follows a redirect to elsewhere, and no token goes there", async () => {
  const elsewhere = await LocalServer.start((response) => void response.end("{}"));
  try {
    for (const request of [() => read(true), () => write(newName(), true)]) {
      servers.proxy.clearRecord();
      meets(answer(307, "", { location: `${elsewhere.baseUrl}/taken` }));
      expect(await errorOf(request())).toMatchObject({ kind: "redirected" });
      expect(sent()).toBe(1);
    }
    expect(elsewhere.arrived).toEqual([]);
  } finally {
    await elsewhere.stop();
  }
});
