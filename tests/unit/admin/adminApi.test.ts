import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { AdminApi, AdminRequest } from "../../../main/admin/adminApi.ts";
import { RowAnswer, UserAnswer } from "../../../main/admin/serverUser.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const USER = "@ann:one.test";
const page =
  (status: number): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "text/html" }).end("<!doctype html><p>Nope</p>");
const row = { name: USER, displayname: "Ann", admin: false, is_guest: false, deactivated: false, creation_ts: 1_600_000_000_123 };

let server: LocalServer;
let answers: Answer[];
let ended: AbortController;
beforeEach(async () => {
  answers = [];
  ended = new AbortController();
  server = await LocalServer.start((response, request) => (answers.shift() ?? json(200, row))(response, request));
});
afterEach(() => server.stop());

const apiOf = (
  userId: string,
  { baseUrl = server.baseUrl, ...more }: { baseUrl?: string; adminBaseUrl?: string; token?: string } = {},
): AdminApi => adminApiAt(baseUrl, userId, { ...more, ended: ended.signal });

const api = (): AdminApi => apiOf(USER);
const ask = (path: readonly string[], more: Partial<AdminRequest<z.ZodUnknown>> = {}): Promise<unknown> =>
  api().request({ path, schema: z.unknown(), ...more });

describe("a path", () => {
  it.each([
    ["@yg.+x2/b_=3:one.test", "%40yg.%2Bx2%2Fb_%3D3%3Aone.test"],
    ["@100%:one.test", "%40100%25%3Aone.test"],
    ["@%2e%2e:one.test", "%40%252e%252e%3Aone.test"],
    ["@ü ?#:one.test", "%40%C3%BC%20%3F%23%3Aone.test"],
    ["@..:one.test", "%40..%3Aone.test"],
  ])("has each part encoded exactly once: %s", async (userId, encoded) => {
    await api().user(userId);
    expect(server.arrived[0]?.path).toBe(`/_synapse/admin/v2/users/${encoded}`);
  });

  it.each([".", "..", ""])("does not leave for another place by the part %j", async (part) => {
    await expect(ask(["v1", "registration_tokens", part])).rejects.toThrow("not_found");
    expect(server.arrived).toEqual([]);
  });
});

describe("a user of another server", () => {
  it.each([
    "@ann:two.test",
    "@ann:one.test.two.test",
    "@ann:one.test:8448",
    "@ann",
    "ann:one.test",
    "@ann:ONE.test",
    "@x@ann:one.test:one.test",
  ])("is refused before anything is sent: %s", async (userId) => {
    expect(() => api().checkOwnServer(userId)).toThrow("not_own_server");
    if (userId.startsWith("@")) await expect(ask(["v1", "deactivate", userId])).rejects.toThrow("not_own_server");
    expect(server.arrived).toEqual([]);
  });

  it("is told by the port as well", async () => {
    const mine = apiOf("@ann:one.test:8448");
    expect(() => mine.checkOwnServer("@bob:one.test")).toThrow("not_own_server");
    mine.checkOwnServer("@bob:one.test:8448");
  });
});

it("takes the token to its own server's addresses alone", async () => {
  const other = await LocalServer.start((response) => void response.end(JSON.stringify({ ...row, name: "@bob:two.test" })));
  try {
    const one = apiOf(USER, { token: "one's" });
    const two = apiOf("@bob:two.test", { baseUrl: "http://127.0.0.1:9", adminBaseUrl: other.baseUrl, token: "two's" });
    await expect(one.user("@bob:two.test")).rejects.toThrow("not_own_server");
    await expect(two.user(USER)).rejects.toThrow("not_own_server");
    await one.user(USER);
    await two.user("@bob:two.test");
    answers = [(response) => void response.writeHead(302, { location: `${other.baseUrl}/_synapse/admin/v2/users/x` }).end()];
    expect(await errorOf(one.user(USER))).toMatchObject({ kind: "redirected" });
    expect(server.arrived.map(({ headers }) => headers.authorization)).toEqual(["Bearer one's", "Bearer one's"]);
    expect(other.arrived.map(({ headers }) => headers.authorization)).toEqual(["Bearer two's"]);
  } finally {
    await other.stop();
  }
});

describe("an answer", () => {
  const host = (): string => new URL(server.baseUrl).host;

  it.each([
    ["a page in place of the admin API", page(404), "admin_api_not_exposed"],
    ["a proxy that keeps it back", page(403), "admin_api_not_exposed"],
    ["an empty 404", (response) => void response.writeHead(404).end(), "admin_api_not_exposed"],
    ["the page of an app that answers every path", page(200), "admin_api_not_exposed"],
    ["no such endpoint", json(404, { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" }), "admin_api_lacks"],
    ["no such method", json(405, { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" }), "admin_api_lacks"],
    ["no admin", json(403, { errcode: "M_FORBIDDEN", error: "You are not a server admin" }), "forbidden"],
    ["no such user", json(404, { errcode: "M_NOT_FOUND", error: "User not found" }), "not_found"],
    ["another shape", json(200, { name: 1 }), "bad_answer"],
    ["a cut connection", (response) => void response.destroy(), "network"],
    ["a proxy without its server", page(502), "gateway_error"],
  ])("says what it means: %s", async (_name, answer, kind) => {
    answers = Array.from({ length: 9 }, () => answer);
    expect(await errorOf(api().user(USER))).toMatchObject({ kind });
    if (kind.startsWith("admin_api")) expect(await errorOf(api().user(USER))).toEqual({ kind, host: host() });
  });

  it("is none where it is no JSON, whatever would have been enough", async () => {
    const text: Answer = (response) => void response.writeHead(200).end("OK");
    answers = [page(200), page(200), text, text, (response) => void response.writeHead(200).end()];
    expect(await errorOf(ask(["v1", "x"]))).toMatchObject({ kind: "admin_api_not_exposed" });
    expect(await errorOf(ask(["v1", "x"], { method: "POST", body: {} }))).toMatchObject({ kind: "bad_answer" });
    expect(await errorOf(ask(["v1", "x"]))).toMatchObject({ kind: "bad_answer" });
    expect(await errorOf(ask(["v1", "x"], { method: "DELETE" }))).toMatchObject({ kind: "bad_answer" });
    await ask(["v1", "x"], { method: "PUT", body: {} });
  });

  it("is given up after the time of the request, and when its caller stops", async () => {
    answers = [() => undefined, () => undefined];
    expect(await errorOf(ask(["v1", "slow"], { timeoutMs: 50 }))).toMatchObject({ kind: "network", reason: "timeout" });
    const stop = new AbortController();
    const stopped = errorOf(ask(["v1", "slow"], { signal: stop.signal }));
    stop.abort();
    expect(await stopped).toEqual({ kind: "cancelled" });
  });
});

describe("the list", () => {
  it("is asked in its newer form, and in its older where there is none", async () => {
    const list = json(200, { users: [row], total: 1 });
    answers = [list, json(404, { errcode: "M_UNRECOGNIZED", error: "" }), list];
    const query = { name: "ann", limit: "10" };
    expect(await api().users(query, null)).toMatchObject({ rows: [{ userId: USER }], next: null, total: 1 });
    await api().users(query, "10");
    const asked = server.arrived.map(({ path }) => path);
    expect(asked).toEqual(
      ["v3/users?name=ann&limit=10", "v3/users?name=ann&limit=10&from=10", "v2/users?name=ann&limit=10&deactivated=true&from=10"].map(
        (path) => `/_synapse/admin/${path}`,
      ),
    );
  });

  it("is asked once more without guests, of which a server behind an authentication service has none", async () => {
    const refused = json(400, { errcode: "M_INVALID_PARAM", error: "" });
    answers = [refused, json(200, { users: [row], total: 1 }), refused];
    expect(await api().users({ name: "ann" }, null)).toMatchObject({ rows: [{ userId: USER }] });
    expect(await errorOf(api().users({ guests: "false" }, null))).toMatchObject({ kind: "server", status: 400 });
    expect(server.arrived.map(({ path }) => path.replace(/.*users/, ""))).toEqual(["?name=ann", "?name=ann&guests=false", "?guests=false"]);
  });

  it("comes to an end, whatever leads on from it, and keeps what it understands", async () => {
    const strange = [{ name: "no id" }, null, { ...row, admin: 1, deactivated: 0, locked: 1 }, row];
    answers = [
      json(200, { users: [], next_token: "0" }),
      json(200, { users: [row], next_token: "7" }),
      json(200, { users: strange, next_token: 4 }),
    ];
    expect((await api().users({}, null)).next).toBeNull();
    expect((await api().users({}, "7")).next).toBeNull();
    const { rows, next, total } = await api().users({}, null);
    expect(rows.map(({ admin, deactivated, locked }) => [admin, deactivated, locked])).toEqual([
      [true, false, true],
      [false, false, null],
    ]);
    expect([next, total]).toEqual(["4", null]);
  });
});

it("reads times in seconds and in milliseconds, and makes nothing of those that are missing", () => {
  const read = (more: object) => RowAnswer.parse({ ...row, ...more });
  expect(read({}).createdAt).toBe(1_600_000_000_123);
  expect(read({ creation_ts: 1_600_000_000 }).createdAt).toBe(1_600_000_000_000);
  for (const missing of [null, undefined, 0, -1, "yesterday"]) {
    expect(read({ creation_ts: missing, last_seen_ts: missing })).toMatchObject({ createdAt: null, lastSeenAt: null });
  }
});

it("reads one user, and keeps contacts that it does not know for sending them back", async () => {
  const threepids = [
    { medium: "email", address: "a@b.example", validated_at: 1 },
    { medium: "pigeon", address: "loft 3" },
  ];
  const raw = { ...row, suspended: 1, threepids, external_ids: [{ auth_provider: "oidc-x", external_id: "7" }, {}], user_type: "" };
  expect(UserAnswer.parse(raw)).toMatchObject({
    suspended: true,
    threepids: [{ medium: "email", address: "a@b.example" }],
    externalIds: [{ provider: "oidc-x", id: "7" }],
    userType: null,
  });
  answers = [json(200, { ...raw, external_ids: null })];
  expect((await api().userWithContacts(USER)).threepids).toEqual(threepids.map(({ medium, address }) => ({ medium, address })));
});
