import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { askedFor, StartRequests } from "../../support/startRequests.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let account: StartRequests;

beforeAll(async () => {
  account = await StartRequests.open();
}, 120_000);
afterEach(() => account.close());
afterAll(() => account.destroy());

/** What is asked about an account that has come up to date, whatever its sync has told. */
const LOOK = [
  "GET /_matrix/client/v3/account/3pid",
  "GET /_matrix/client/v3/devices",
  "GET /_matrix/client/v3/profile/<user>",
  "GET /_matrix/client/v3/room_keys/version",
  "POST /_matrix/client/v3/keys/query",
];

it("asks at a start for what is not known yet, each once", async () => {
  const begun = Date.now();
  const services = await account.start();
  const asked = await account.whenAtRest(services, begun);
  expect(asked.map(askedFor).sort()).toEqual(
    [
      ...LOOK,
      // The SDK's: what the server can do, and whether the backup that room keys go to is still there.
      "GET /_matrix/client/versions",
      "GET /_matrix/client/v3/room_keys/version",
      "GET /_matrix/client/v3/sync with a filter",
      "GET /_matrix/client/v3/sync with a filter and waits",
      // Whether the account is an admin of its server.
      "GET /_synapse/admin/v2/users/<user>",
    ].sort(),
  );
  expect(services.sessions.account(account.accountId).health).toMatchObject({
    thisSession: "verified",
    secureBackup: "working",
    recoveryEmail: { kind: "none" },
  });
});

it("asks no more than that when its server answers again", async () => {
  const services = await account.start();
  await account.whenAtRest(services, 0);
  const { proxy, accountId } = account;
  const away = proxy.addRule({ path: /./, fault: { kind: "reset" }, times: Infinity });
  // Answers the sync that waits, and says nothing of the encryption.
  await account.changeBesides("org.example.note", { said: Date.now() });
  await waitUntil(() => services.sessions.account(accountId).session.offline, { what: "the server to be away" });
  away.remove();
  proxy.clearRecord();
  const begun = Date.now();
  await services.sessions.session(accountId).use((client) => Promise.resolve(client.retryImmediately()));
  const asked = (await account.whenAtRest(services, begun)).map(askedFor);
  // The SDK's own: it looks whether the server is there, and syncs.
  expect(asked.filter((one) => !/\/(sync|versions)\b/.test(one)).sort()).toEqual(LOOK);
});

it("reads what another client has changed while it was closed, however soon it is started again", async () => {
  await account.changeBesides("m.secret_storage.default_key", { key: "of another client" });
  const begun = Date.now();
  const services = await account.start();
  await account.whenAtRest(services, begun);
  expect(services.sessions.account(account.accountId).health?.secureBackup).toBe("broken");
});
