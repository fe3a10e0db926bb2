import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { FaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { beginReplacing, openForCanceller, openForPerson } from "../../support/secureBackupAccounts.ts";
import { setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

const servers = useServers();
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeAll(() => {
  ({ proxy } = servers);
});
beforeEach(async () => {
  user = await servers.synapse.register({ user: `abandoning${(users += 1)}`, password: "a password" });
  data = await StewardData.create();
  services = await data.open();
  accountId = await signInTo(services, user, proxy.baseUrl);
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const kept = async (): Promise<string | null> => {
  const read = await services.secretStore.read(accountId);
  return read.kind === "found" ? read.secrets.pendingSetUp : null;
};

/** As if the set-up had been confirmed so long ago, by an app that has ended since. */
async function afterDays(days: number) {
  const pending = JSON.parse((await kept())!) as { confirmedAt: number };
  pending.confirmedAt -= days * DAY_MS;
  await services.secretStore.update(accountId, (secrets) => ({ ...secrets, pendingSetUp: JSON.stringify(pending) }));
  return openForPerson(services, user).service;
}

describe("a set-up that is not continued", () => {
  it("keeps its Security Key for a week where nothing was changed, says since when, and then forgets it", async () => {
    const { service } = openForCanceller(services);
    await setUpWithKey(openForPerson(services, user), accountId);
    const key = await beginReplacing({ service }, accountId, "reset");
    const before = Date.now();
    const { setUp } = await service.confirmSetUp({ accountId, typed: secretOf("Security Key", key) });
    if (setUp.phase !== "stopped") throw new Error(`it did not stop: ${setUp.phase}`);
    expect(setUp.keptSince).toBeGreaterThanOrEqual(before);

    const soon = await afterDays(6);
    expect(await soon.state({ accountId })).toMatchObject({ diagnosis: "unfinished_set_up" });
    expect((await soon.setUp({ accountId })).setUp).toMatchObject({ phase: "stopped" });

    const late = await afterDays(2);
    expect(await late.state({ accountId })).toMatchObject({ diagnosis: "working" });
    expect(await late.setUp({ accountId })).toEqual({ setUp: null });
    expect(await kept()).toBeNull();
  });

  it("keeps it until it is finished where the server has taken something", async () => {
    const { service } = openForPerson(services, user);
    await setUpWithKey(openForPerson(services, user), accountId);
    const key = await beginReplacing({ service }, accountId, "reset");
    // The new identity is there; the backup cannot be made.
    proxy.addRule({ method: "POST", path: /room_keys\/version/, fault: { kind: "answer", status: 500 }, times: Infinity });
    const { setUp } = await service.confirmSetUp({ accountId, typed: secretOf("Security Key", key) });
    expect(setUp.phase).toBe("stopped");
    proxy.clear();
    const late = await afterDays(100);
    expect(await late.state({ accountId })).toMatchObject({ diagnosis: "unfinished_set_up" });
    expect((await late.continueSetUp({ accountId })).setUp).toMatchObject({ phase: "checked" });
    expect(await kept()).toBeNull();
  });
});
