import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { loopbackFetch } from "../../../main/http/loopback.ts";
import { findHomeserver } from "../../../main/sessions/discovery.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";

let synapse: Synapse;
let data: StewardData;

beforeAll(async () => {
  synapse = await startSynapse();
});
afterAll(() => synapse.stop());
beforeEach(async () => {
  data = await StewardData.create();
});
afterEach(() => data.destroy());

const trial = { fetch: loopbackFetch(globalThis.fetch), onlyThisComputer: true };

test("a trial takes an account of this computer, and finds and signs in nowhere else", async () => {
  const services = await data.open(trial);
  const { user, password } = await synapse.register({ user: "ada", password: "a password" });
  const typed = {
    serverName: null,
    identifier: { kind: "user", user },
    password: secretOf("password", password),
    acceptInsecureHttp: true,
  } as const;
  const accountId = await services.passwordSignIns.signIn({ ...typed, baseUrl: synapse.baseUrl });
  expect(services.sessions.account(accountId).session.status).toBe("running");
  const elsewhere = { error: { kind: "this_computer_only", host: "matrix.example.org" } };
  await expect(services.passwordSignIns.signIn({ ...typed, baseUrl: "https://matrix.example.org" })).rejects.toMatchObject(elsewhere);
  await expect(findHomeserver("matrix.example.org", trial.fetch)).rejects.toMatchObject(elsewhere);
  await expect(findHomeserver("https://matrix.example.org", trial.fetch)).rejects.toMatchObject(elsewhere);
});

test("a trial does not start an account of another server, and loses nothing of it", async () => {
  const first = await data.open();
  const { user, password } = await synapse.register({ user: "grace", password: "a password" });
  const accountId = await first.passwordSignIns.signIn({
    serverName: null,
    baseUrl: synapse.baseUrl,
    identifier: { kind: "user", user },
    password: secretOf("password", password),
    acceptInsecureHttp: true,
  });
  await data.close();
  const local = await data.open();
  await local.index.update(accountId, (entry) => ({
    ...entry,
    homeserver: { ...entry.homeserver, baseUrl: "https://matrix.example.org" },
  }));
  await data.close();
  const services = await data.open(trial);
  await services.sessions.restoreAll();
  expect(services.sessions.account(accountId).session).toEqual({
    status: "failed",
    error: { kind: "this_computer_only", host: "matrix.example.org" },
    offline: false,
  });
  await services.index.update(accountId, (entry) => ({ ...entry, homeserver: { ...entry.homeserver, baseUrl: synapse.baseUrl } }));
  await data.close();
  const again = await data.open(trial);
  await again.sessions.restoreAll();
  expect(again.sessions.account(accountId).session.status).toBe("running");
});
