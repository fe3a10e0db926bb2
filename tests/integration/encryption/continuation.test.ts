import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Fault } from "../../support/faultProxy.ts";
import { openElsewhere } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const DEFAULT_KEY = /m\.secret_storage\.default_key/;

const servers = useServers();
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let securityKey: string;
let users = 0;

/** Leaves a set-up that stopped before its key became the default one, and opens the app again. */
beforeEach(async () => {
  const { synapse, proxy } = servers;
  data = await StewardData.create();
  services = await data.open();
  users += 1;
  user = await synapse.register({ user: `goes-on-${users}`, password: `goes on ${users}` });
  accountId = await signInTo(services, user, proxy.baseUrl);
  const rule = proxy.addRule({ path: DEFAULT_KEY, method: "PUT", fault: { kind: "reset" } });
  const begun = await setUpWithKey(openSecureBackup(services), accountId);
  expect(begun.setUp.phase).toBe("stopped");
  ({ securityKey } = begun);
  rule.remove();
  await data.close();
  services = await data.open();
});
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

describe("a set-up that is continued", () => {
  it("waits for its session, which has not started yet", async () => {
    const { service } = openSecureBackup(services);
    const restored = services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session.status).toBe("starting");
    const { setUp } = await service.continueSetUp({ accountId });
    expect(setUp).toMatchObject({ phase: "checked" });
    await restored;
    await openElsewhere(servers.synapse, user, { securityKey });
  });

  it.each<[string, Fault, "before" | "after"]>([
    ["a connection that is cut", { kind: "reset" }, "before"],
    ["a proxy's page", { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }, "before"],
    ["a rate limit", { kind: "rateLimit", retryAfterMs: 300 }, "before"],
    ["an answer that is lost after the server has done it", { kind: "reset" }, "after"],
    ["half an answer", { kind: "cut" }, "after"],
  ])("goes on by itself after %s", async (_what, fault, when) => {
    await services.sessions.restoreAll();
    const rig = openSecureBackup(services);
    const { setUp: before } = await rig.service.setUp({ accountId });
    expect(before?.phase).toBe("stopped");
    const rules = [DEFAULT_KEY, /room_keys\/version/].map((path) => servers.proxy.addRule({ path, fault, when }));
    const { setUp } = await rig.service.continueSetUp({ accountId });
    expect(setUp).toMatchObject({ phase: "checked" });
    expect(rules.map(({ met }) => met)).toEqual([1, 1]);
    // Nobody is told that it stopped, nor asked anything.
    const phases = rig.events.flatMap(({ payload }) => ("phase" in payload ? [payload.phase] : []));
    expect(new Set(phases)).toEqual(new Set(["running", "checked"]));
    expect(rig.challenges.list().challenges).toEqual([]);
  });

  it("says in the end that it stopped, where the trouble lasts", async () => {
    await services.sessions.restoreAll();
    const { service } = openSecureBackup(services);
    const rule = servers.proxy.addRule({ path: DEFAULT_KEY, fault: { kind: "reset" }, times: Infinity });
    const { setUp } = await service.continueSetUp({ accountId });
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "network" } });
    expect(rule.met).toBeGreaterThan(1);
  });

  it("can be stopped while it waits to try again", async () => {
    await services.sessions.restoreAll();
    const { service, events } = openSecureBackup(services);
    const rule = servers.proxy.addRule({
      path: DEFAULT_KEY,
      fault: { kind: "rateLimit", retryAfterMs: 25_000 },
      times: Infinity,
    });
    const continued = service.continueSetUp({ accountId });
    // The account's health is looked at as well: it may be the first that is refused.
    const runs = () => events.some(({ payload }) => "phase" in payload && payload.phase === "running");
    await waitUntil(runs, { what: "the set-up to run" });
    await waitUntil(() => rule.met > 0, { what: "the server to refuse" });
    await service.cancelSetUp({ accountId });
    expect((await continued).setUp).toMatchObject({ phase: "stopped", error: { kind: "cancelled" } });
    expect((await service.setUp({ accountId })).setUp?.phase).toBe("stopped");
  });
});
