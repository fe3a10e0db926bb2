import { afterEach, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useServers();
let data: StewardData;
let services: Services;

beforeEach(async () => {
  data = await StewardData.create();
});
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const sessionOf = (accountId: AccountId) => services.sessions.account(accountId).session;
const wasLookedAt = (accountId: AccountId, since: number): boolean =>
  (services.sessions.account(accountId).health?.checkedAt ?? 0) >= since;

it("holds up no account of another server; its own say so after a while, and come back when it answers", async () => {
  const { synapse, proxy } = servers;
  const register = (user: string) => synapse.register({ user, password: `${user} waits` });
  services = await data.open();
  const behindId = await signInTo(services, await register("behind"), proxy.baseUrl);
  const fineId = await signInTo(services, await register("fine"), synapse.baseUrl);
  await data.close();

  proxy.addRule({ path: /(?:)/, fault: { kind: "hang" }, times: Infinity });
  const started = Date.now();
  services = await data.open({ serverLimits: { answerMs: 5_000 } });
  const restored = services.sessions.restoreAll();
  await waitUntil(() => wasLookedAt(fineId, started), { what: "the good account to be looked at" });
  expect(sessionOf(fineId)).toEqual({ status: "running", error: null, offline: false });
  expect(sessionOf(behindId)).toEqual({ status: "starting", error: null, offline: false });
  await restored;
  expect(sessionOf(behindId)).toEqual({
    status: "failed",
    error: { kind: "network", reason: "timeout", host: new URL(proxy.baseUrl).host },
    offline: true,
  });
  expect(sessionOf(fineId).status).toBe("running");

  const answers = Date.now();
  proxy.clear();
  await waitUntil(() => sessionOf(behindId).status === "running", { what: "the account to come back", timeoutMs: 60_000 });
  await waitUntil(() => wasLookedAt(behindId, answers), { what: "the account to be looked at" });
}, 180_000);
