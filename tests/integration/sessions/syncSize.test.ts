import { afterAll, beforeAll, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { sample } from "../../support/seed.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapseWithRooms, type Synapse, type TestUser } from "../../support/synapse.ts";
import { login, matrixOk } from "../../support/matrixApi.ts";

/** The number that matters is 5,000; making them takes minutes, so a run of all tests makes fewer. */
const ROOMS = sample(60, 5_000);

let synapse: Synapse;
let crowded: TestUser;
let proxy: FaultProxy;

beforeAll(
  async () => {
    ({ synapse, crowded } = await startSynapseWithRooms(ROOMS));
    proxy = await startFaultProxy(synapse.baseUrl);
  },
  sample(120_000, 2_400_000),
);
afterAll(async () => {
  await proxy.stop();
  await synapse.stop();
});

/** Bytes of sync answers that a first start and a restart of this account take. */
async function bytesToStart({ userId, password }: TestUser): Promise<{ first: number; restart: number }> {
  const data = await StewardData.create();
  try {
    const syncBytes = (): number =>
      proxy.record.filter(({ path }) => path.includes("/sync")).reduce((sum, { responseBytes }) => sum + responseBytes, 0);
    proxy.clearRecord();
    const services = await data.open();
    const identifier = { kind: "user" as const, user: userId };
    await services.passwordSignIns.signIn({
      serverName: null,
      baseUrl: proxy.baseUrl,
      identifier,
      password: secretOf("password", password),
      acceptInsecureHttp: false,
    });
    expect(services.sessions.list()[0]?.session.status).toBe("running");
    const first = syncBytes();
    await data.close();
    proxy.clearRecord();
    const restarted = await data.open();
    await restarted.sessions.restoreAll();
    expect(restarted.sessions.list()[0]?.session.status).toBe("running");
    return { first, restart: syncBytes() };
  } finally {
    await data.destroy();
  }
}

it(`starts an account in ${ROOMS} rooms with as few bytes as an empty one`, async () => {
  const empty = await synapse.register({ user: "empty", password: "a password" });
  const expected = await bytesToStart(empty);
  const measured = await bytesToStart(crowded);
  // Account data differ by a few hundred bytes; rooms would cost at least that much each.
  expect(measured.first).toBeLessThan(expected.first + 2_000);
  expect(measured.restart).toBeLessThan(expected.restart + 2_000);
  // What the filter spares, so that this test cannot pass by measuring nothing.
  const { accessToken } = await login(synapse.baseUrl, crowded.user, crowded.password);
  const unfiltered = await matrixOk(synapse.baseUrl, { path: "/_matrix/client/v3/sync?timeout=0", token: accessToken });
  expect(JSON.stringify(unfiltered).length).toBeGreaterThan(ROOMS * 300);
  expect(expected.first).toBeGreaterThan(100);
}, 240_000);
