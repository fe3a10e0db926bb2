import { afterEach, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useServers();
const COUNT = 10;
let data: StewardData;
let services: Services;

beforeEach(async () => {
  data = await StewardData.create();
});
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const statusOf = (accountId: AccountId) => services.sessions.account(accountId).session.status;

it("starts the account that is opened first, says of all others that they start, and starts them all", async () => {
  const { synapse } = servers;
  services = await data.open();
  const accountIds: AccountId[] = [];
  for (let number = 0; number < COUNT; number += 1) {
    const account = await synapse.register({ user: `first-${number}`, password: `${number} comes to its turn` });
    accountIds.push(await signInTo(services, account, synapse.baseUrl));
  }
  await data.close();

  services = await data.open();
  const ran: AccountId[] = [];
  services.sessions.onRunning((accountId) => ran.push(accountId));
  const opened = accountIds[COUNT - 1] as AccountId;
  void services.sessions.opened(opened);
  const restored = services.sessions.restoreAll();
  expect(accountIds.map(statusOf)).toEqual(accountIds.map(() => "starting"));
  await waitUntil(() => ran.length > 0, { what: "the first account to run" });
  await restored;
  expect(accountIds.map(statusOf)).toEqual(accountIds.map(() => "running"));
  // Those that began beside it may be as quick; those that had to wait are not.
  expect(ran.indexOf(opened)).toBeLessThan(6);
  expect(ran.indexOf(opened)).toBeLessThan(ran.indexOf(accountIds[COUNT - 2] as AccountId));
}, 180_000);
