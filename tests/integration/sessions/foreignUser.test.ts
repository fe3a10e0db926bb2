import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { LoginIdentifier } from "../../../shared/contract/signIn.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";

const ALICE = "@alice:victim.example";

let server: LocalServer;
let data: StewardData;
let services: Services;
/** What `https://<name>/.well-known/matrix/client` answers, by name. */
let wellKnown: Record<string, string> = {};

beforeAll(async () => {
  server = await LocalServer.start((response, { path }) => {
    const login = { user_id: ALICE, access_token: "syt_of_another", device_id: "DEVICE" };
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(path.endsWith("/login") ? login : {}));
  });
  return () => server.stop();
});
beforeEach(async () => {
  wellKnown = {};
  server.arrived.length = 0;
  data = await StewardData.create();
  services = await data.open({
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      if (!url.pathname.startsWith("/.well-known/")) return fetch(input, init);
      const baseUrl = wellKnown[url.host];
      if (baseUrl === undefined) return Promise.resolve(new Response("", { status: 404 }));
      return Promise.resolve(Response.json({ "m.homeserver": { base_url: baseUrl } }));
    },
  });
});
afterEach(() => data.destroy());

const signIn = (serverName: string | null, identifier: LoginIdentifier) =>
  services.passwordSignIns.signIn({
    serverName,
    baseUrl: server.baseUrl,
    identifier,
    password: secretOf("password", "a password"),
    acceptInsecureHttp: true,
  });

const loggedOut = (): boolean =>
  server.arrived.some(({ path, headers }) => path.endsWith("/logout") && headers.authorization === "Bearer syt_of_another");

describe("a server that signs in a user of another server", () => {
  it.each<[string, string | null, LoginIdentifier, string]>([
    ["by its name", "evil.example", { kind: "user", user: "alice" }, "evil.example"],
    ["by an email", "evil.example", { kind: "email", address: "a@b.example" }, "evil.example"],
    ["by a full Matrix ID", null, { kind: "user", user: "@alice:Evil.example" }, "evil.example"],
  ])("is refused where it was signed in to %s, and the token logged out", async (_how, name, identifier, expected) => {
    wellKnown["victim.example"] = "https://matrix.victim.example";
    const error = await errorOf(signIn(name, identifier));
    expect(error).toEqual({ kind: "foreign_user", expected, userId: ALICE });
    expect(loggedOut()).toBe(true);
    expect(services.sessions.list()).toEqual([]);
  });

  it("is taken where the other name leads to the same server", async () => {
    wellKnown["victim.example"] = server.baseUrl;
    const accountId = await signIn("www.victim.example", { kind: "user", user: "alice" });
    expect(services.sessions.account(accountId).userId).toBe(ALICE);
  });

  it("is taken where only its address is known, which is not its name", async () => {
    for (const name of [null, new URL(server.baseUrl).host]) {
      const accountId = await signIn(name, { kind: "user", user: "alice" });
      expect(services.sessions.account(accountId).userId).toBe(ALICE);
      await services.sessions.signOut(accountId);
    }
  });

  it("never gets the account of that name which is here already", async () => {
    const accountId = await signIn(null, { kind: "user", user: "alice" });
    const error = await errorOf(signIn(null, { kind: "email", address: "a@b.example" }));
    expect(error).toEqual({ kind: "already_signed_in", accountId, userId: ALICE });
    expect(loggedOut()).toBe(true);
    expect(services.sessions.list()).toHaveLength(1);
  });
});
