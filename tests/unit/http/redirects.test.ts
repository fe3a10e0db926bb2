import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { fetchSameOrigin } from "../../../main/http/redirects.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const STATUSES = [301, 302, 303, 307, 308];
const LOCATIONS = new Map([
  ["/to-here", "/here"],
  ["/round", "/round"],
  ["/scheme", "data:,x"],
]);

let elsewhere: LocalServer;
let server: LocalServer;
let status: number;

beforeEach(async () => {
  elsewhere = await LocalServer.start((response) => response.end(`{"from":"elsewhere"}`));
  server = await LocalServer.start((response, { path }) => {
    if (path === "/here") return void response.end(`{"from":"here"}`);
    const location = LOCATIONS.get(path) ?? `${elsewhere.baseUrl}/taken`;
    response.writeHead(status, path === "/nowhere" ? {} : { location });
    response.end();
  });
  status = 307;
});
afterEach(async () => {
  await server.stop();
  await elsewhere.stop();
});

const refused = (): object => ({ kind: "redirected", host: new URL(server.baseUrl).host, to: elsewhere.baseUrl });
const badAnswer = (): object => ({ kind: "bad_answer", host: new URL(server.baseUrl).host });
const get = (path: string, headers: Record<string, string> = {}, how: "refuse" | "without_token" = "refuse") =>
  fetchSameOrigin(fetch, `${server.baseUrl}${path}`, { headers }, how);
const token = { Authorization: "Bearer the-token" };

describe("what is secret", () => {
  it.each(STATUSES)("is not sent on after a %i, with a password in it", async (given) => {
    status = given;
    const request = new HomeserverClient({ fetch, baseUrl: server.baseUrl }).json({
      method: "POST",
      path: "/_matrix/client/v3/login",
      body: { password: "the password" },
      schema: z.object({}),
    });
    expect(await errorOf(request)).toEqual(refused());
    expect(server.arrived[0]?.body).toContain("the password");
    expect(elsewhere.arrived).toEqual([]);
  });

  it.each(STATUSES)("is not sent on after a %i by a session, neither a password nor its token", async (given) => {
    status = given;
    const ofSession = new HomeserverClient({ fetch, baseUrl: server.baseUrl }).sdkFetch();
    const url = `${server.baseUrl}/_matrix/client/v3/delete_devices`;
    const body = JSON.stringify({ auth: { password: "the password" } });
    expect(await errorOf(ofSession(url, { method: "POST", body, headers: token, redirect: "follow" }))).toEqual(refused());
    expect(await errorOf(ofSession(url, { method: "GET", headers: token, redirect: "follow" }))).toEqual(refused());
    expect(server.arrived).toHaveLength(2);
    expect(elsewhere.arrived).toEqual([]);
  });

  it("stays with the server within its origin too, unless only something is read", async () => {
    const url = `${server.baseUrl}/to-here`;
    expect(await errorOf(fetchSameOrigin(fetch, url, { method: "PUT", body: "secret" }))).toEqual({
      ...refused(),
      to: server.baseUrl,
    });
    expect(await (await get("/to-here", token)).json()).toEqual({ from: "here" });
    expect(server.arrived.at(-1)).toMatchObject({ path: "/here", headers: { authorization: token.Authorization } });
  });

  it("stays behind when a picture is kept elsewhere", async () => {
    const answer = await get("/picture", { ...token, "X-Other": "1" }, "without_token");
    expect(await answer.json()).toEqual({ from: "elsewhere" });
    expect(elsewhere.arrived[0]?.headers).toMatchObject({ "x-other": "1" });
    expect(elsewhere.arrived[0]?.headers.authorization).toBeUndefined();
  });
});

describe("what is not secret", () => {
  it("may be read elsewhere", async () => {
    expect(await (await get("/.well-known/matrix/client")).json()).toEqual({ from: "elsewhere" });
  });

  it("is not read in clear when it was asked for over https", async () => {
    const hops = ["https://example.org/a", "https://other.example/b", "http://other.example/c"];
    const asked: string[] = [];
    const web: typeof fetch = (input) => {
      const location = hops[asked.push(input instanceof URL ? input.href : (input as string))]!;
      return Promise.resolve(new Response(null, { status: 302, headers: { location } }));
    };
    expect(await errorOf(fetchSameOrigin(web, hops[0]!, {}))).toEqual({
      kind: "redirected",
      host: "other.example",
      to: "http://other.example",
    });
    expect(asked).toEqual(hops.slice(0, 2));
  });

  it("is given up where redirects lead round in circles, or to what is no web server", async () => {
    expect(await errorOf(get("/round"))).toEqual(badAnswer());
    expect(server.arrived.length).toBeLessThan(10);
    expect(await errorOf(get("/scheme"))).toEqual(badAnswer());
    expect((await get("/nowhere")).status).toBe(307);
  });
});
