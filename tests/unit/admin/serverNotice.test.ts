import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendServerNotice, sendsNotices } from "../../../main/admin/serverNotice.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const ANN = "@ann:one.test";
const off = json(400, { errcode: "M_UNKNOWN", error: "Server notices are not enabled on this server" });
const noSuchUser = json(404, { errcode: "M_NOT_FOUND", error: "User not found" });
const cut: Answer = (response) => void response.destroy();

let server: LocalServer;
let answers: Answer[];
beforeEach(async () => {
  answers = [];
  server = await LocalServer.start((response, request) => (answers.shift() ?? noSuchUser)(response, request));
});
afterEach(() => server.stop());

const api = () => adminApiAt(server.baseUrl, "@boss:one.test");
const send = (userId = ANN) => sendServerNotice(api(), userId, "The server is off on Sunday.");
const bodies = () => server.arrived.map(({ body }) => JSON.parse(body));

describe("a server notice", () => {
  it("is sent as text, to that user", async () => {
    answers = [json(200, { event_id: "$1" })];
    expect(await send()).toEqual({ status: "sent" });
    expect(bodies()).toEqual([{ user_id: ANN, content: { msgtype: "m.text", body: "The server is off on Sunday." } }]);
  });

  it.each([
    ["a cut connection", cut],
    ["a proxy without its server", ((response) => void response.writeHead(502).end("<html>")) satisfies Answer],
    ["a server that failed over it", json(500, { errcode: "M_UNKNOWN", error: "Internal server error" })],
  ])("is unknown, and not sent again, where the answer was lost: %s", async (_what, answer) => {
    answers = [answer];
    expect(await send()).toMatchObject({ status: "unknown" });
    expect(server.arrived).toHaveLength(1);
  });

  it("is unknown where it was stopped on its way", async () => {
    const stop = new AbortController();
    answers = [() => stop.abort()];
    expect(await sendServerNotice(api(), ANN, "x", stop.signal)).toEqual({ status: "unknown", error: { kind: "cancelled" } });
  });

  it("says that the server sends none", async () => {
    answers = [off, off];
    expect(await send()).toEqual({ status: "off" });
  });

  it("is refused for what is wrong with it, where the server sends others", async () => {
    answers = [json(400, { errcode: "M_UNKNOWN", error: "User is suspended" }), noSuchUser];
    expect(await errorOf(send())).toMatchObject({ kind: "server", message: "User is suspended" });
    answers = [noSuchUser];
    expect(await errorOf(send())).toEqual({ kind: "not_found" });
    answers = [json(429, { errcode: "M_LIMIT_EXCEEDED", error: "", retry_after_ms: 1 })];
    expect(await errorOf(send())).toMatchObject({ kind: "rate_limited" });
  });

  it("goes to no user of another server", async () => {
    await expect(send("@ann:two.test")).rejects.toThrow("not_own_server");
    expect(server.arrived).toEqual([]);
  });
});

describe("whether a server sends notices", () => {
  it("is found out without sending one to anybody", async () => {
    answers = [off];
    expect(await sendsNotices(api())).toBe(false);
    answers = [noSuchUser];
    expect(await sendsNotices(api())).toBe(true);
    answers = [json(404, { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" })];
    expect(await sendsNotices(api())).toBe(false);
    expect(bodies().every(({ user_id: to }) => to === "@_ nobody:one.test")).toBe(true);
  });

  it("stays open where the server could not be asked", async () => {
    answers = [cut];
    expect(await errorOf(sendsNotices(api()))).toMatchObject({ kind: "network" });
    answers = [json(403, { errcode: "M_FORBIDDEN", error: "You are not a server admin" })];
    expect(await errorOf(sendsNotices(api()))).toMatchObject({ kind: "forbidden" });
  });
});
