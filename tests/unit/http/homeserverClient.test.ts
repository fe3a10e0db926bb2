import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { HomeserverClient, type HomeserverClientOptions } from "../../../main/http/homeserverClient.ts";
import { isRefused, lastAnswer, mayBeDone } from "../../../main/http/lostAnswer.ts";
import { type AccessTokens, TokenKeeper } from "../../../main/http/tokenKeeper.ts";
import { demandIn } from "../../../main/http/uiaDemand.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { accessToken } from "../../support/secretValues.ts";

const Ok = z.object({ ok: z.literal(true) });
type Answer = (response: ServerResponse) => void;

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const cut: Answer = (response) => void response.destroy();
const good = json(200, { ok: true });

let server: LocalServer;
let answers: Answer[];
beforeEach(async () => {
  answers = [];
  server = await LocalServer.start((response) => (answers.shift() ?? good)(response));
});
afterEach(() => server.stop());

const client = (given: Partial<HomeserverClientOptions> = {}): HomeserverClient =>
  new HomeserverClient({ fetch, baseUrl: server.baseUrl, retry: { firstWaitMs: 1 }, ...given });
const paths = (): string[] => server.arrived.map(({ path }) => path);

describe("a request whose answer is lost", () => {
  it.each(["GET", "POST", "PUT", "DELETE"] as const)("went once, also on a warm connection (%s)", async (method) => {
    const homeserver = client();
    await homeserver.json({ path: "/warm", schema: Ok });
    answers = [cut];
    expect(await errorOf(homeserver.json({ method, path: "/once", schema: Ok }))).toMatchObject({ kind: "network" });
    expect(paths()).toEqual(["/warm", "/once"]);
  });

  it("goes again where that does no harm, and after a 429 and a 5xx, but not for ever", async () => {
    answers = [cut, json(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1 }), json(502, {})];
    expect(await client().json({ path: "/again", schema: Ok, repeatable: true })).toEqual({ ok: true });
    expect(paths()).toHaveLength(4);
    answers = Array.from({ length: 9 }, () => json(503, {}));
    expect(await errorOf(client().json({ path: "/again", schema: Ok, repeatable: true }))).toMatchObject({ kind: "gateway_error" });
    expect(paths()).toHaveLength(9);
  });

  it("does not go again after an answer that time does not change, nor before a server's time that is too long", async () => {
    const ask = (): Promise<unknown> => errorOf(client().json({ path: "/a", schema: Ok, repeatable: true }));
    answers = [json(403, { errcode: "M_FORBIDDEN", error: "no" })];
    expect(await ask()).toEqual({ kind: "forbidden", message: "no" });
    answers = [json(429, {}, { "retry-after": "100000" })];
    expect(await ask()).toMatchObject({ kind: "rate_limited" });
    expect(paths()).toHaveLength(2);
  });
});

describe("a refusal after a loss", () => {
  const refused = json(400, { errcode: "M_UNKNOWN", error: "no" });
  const ask = (method: "GET" | "PUT", given: Partial<HomeserverClientOptions> = {}): Promise<unknown> =>
    client(given)
      .json({ method, path: "/a", schema: Ok, repeatable: true })
      .catch((thrown: unknown) => thrown);

  it.each([
    ["cut", [cut, refused], { kind: "network", reason: "cut" }, "server"],
    ["a proxy's 502", [json(502, {}), refused], { kind: "gateway_error", status: 502 }, "server"],
    [
      "not in a row",
      [cut, json(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1 }), refused],
      { kind: "network", reason: "cut" },
      "server",
    ],
    ["a wait that is too long", [cut, json(429, {}, { "retry-after": "100000" })], { kind: "network", reason: "cut" }, "rate_limited"],
  ])("is not taken for the answer to the whole, where something changes: %s", async (_what, given, lost, last) => {
    answers = [...given];
    const thrown = await ask("PUT");
    expect(thrown).toMatchObject({ error: lost });
    expect([mayBeDone(thrown), isRefused(thrown)]).toEqual([true, false]);
    expect(lastAnswer(thrown)).toMatchObject({ error: { kind: last } });
  });

  it("is one where nothing was lost, where the server was only busy, and where something is only read", async () => {
    const busy = json(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1 });
    for (const [method, given] of [
      ["PUT", [refused]],
      ["PUT", [busy, refused]],
      ["GET", [cut, refused]],
    ] as const) {
      answers = [...given];
      const thrown = await ask(method);
      expect(thrown).toMatchObject({ error: { kind: "server", errcode: "M_UNKNOWN" } });
      expect(isRefused(thrown)).toBe(true);
    }
  });

  it("is a loss when the last answer is lost too", async () => {
    answers = [json(502, {}), cut];
    expect(await ask("PUT", { retry: { firstWaitMs: 1, tries: 2 } })).toMatchObject({ error: { kind: "network", reason: "cut" } });
  });
});

describe("an answer", () => {
  it("of another shape, and one that is no JSON, is not understood", async () => {
    const badAnswer = { kind: "bad_answer", host: new URL(server.baseUrl).host };
    for (const answer of [json(200, { ok: "yes" }), json(200, []), (response: ServerResponse) => void response.end("<html>")]) {
      answers = [answer];
      expect(await errorOf(client().json({ path: "/a", schema: Ok }))).toEqual(badAnswer);
    }
  });

  it("that demands authentication comes whole, unknown parts as well", async () => {
    const flows = [{ stages: ["m.login.password"] }];
    const body = { session: "s", flows, params: { "m.x": { a: 1 } }, completed: ["m.y"], errcode: "M_FORBIDDEN", error: "wrong", more: 1 };
    answers = [json(401, body)];
    const thrown = await client()
      .json({ method: "POST", path: "/a", schema: Ok })
      .catch((error: unknown) => error);
    expect(demandIn(thrown)).toEqual(body);
    expect(paths()).toHaveLength(1);
  });
});

describe("the token", () => {
  const authorizations = (): (string | undefined)[] => server.arrived.map(({ headers }) => headers.authorization);
  const refused = json(401, { errcode: "M_UNKNOWN_TOKEN", error: "expired", soft_logout: true });
  const keeper = (): TokenKeeper =>
    new TokenKeeper<AccessTokens>(
      { accessToken: accessToken("old"), expiresAt: null },
      {
        exchange: () => Promise.resolve({ accessToken: accessToken("new"), expiresAt: null }),
        persist: () => Promise.resolve(),
      },
    );

  it("is replaced after a refusal, once, for the SDK's requests too", async () => {
    const homeserver = client({ tokens: keeper() });
    answers = [refused];
    await homeserver.json({ method: "POST", path: "/a", schema: Ok });
    const headers = { Authorization: "Bearer what the SDK believes" };
    await homeserver.sdkFetch()(`${server.baseUrl}/b`, { headers });
    expect(authorizations()).toEqual(["Bearer old", "Bearer new", "Bearer new"]);
    answers = [refused, refused];
    expect(await errorOf(homeserver.json({ path: "/c", schema: Ok }))).toEqual({ kind: "account_refused_for_now" });
    expect(server.arrived).toHaveLength(5);
  });

  it("goes to the account's two addresses and nowhere else", async () => {
    const elsewhere = await LocalServer.start((response) => response.end("{}"));
    try {
      const homeserver = client({ tokens: keeper(), baseUrl: elsewhere.baseUrl, adminBaseUrl: () => server.baseUrl });
      await homeserver.json({ path: "/admin", at: "admin", schema: Ok });
      expect(authorizations()).toEqual(["Bearer old"]);
      await homeserver.sdkFetch()(`${server.baseUrl}/stranger`, { headers: { Authorization: "Bearer old" } });
      expect(authorizations()).toEqual(["Bearer old", undefined]);
    } finally {
      await elsewhere.stop();
    }
  });
});
