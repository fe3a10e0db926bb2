import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type Fault, type FaultProxy, type RequestMatch, startFaultProxy } from "../../support/faultProxy.ts";
import { matches } from "../../support/faultRules.ts";
import { killDuring } from "../../support/killedWork.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { randomNumbers, sample } from "../../support/seed.ts";
import { patient } from "../../support/soak.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

/** Everything but the long poll, which goes on beside the set-up. */
const NOT_SYNC = /^(?!.*\/sync\b)/;
const FAULTS: Record<"before" | "after", Fault[]> = {
  before: [{ kind: "reset" }, { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }, { kind: "rateLimit", retryAfterMs: 100 }],
  after: [{ kind: "cut" }, { kind: "malformed" }, { kind: "reset" }],
};

const DECISIVE: RequestMatch[] = [
  { method: "POST", path: /device_signing\/upload/ },
  { method: "POST", path: /signatures\/upload/ },
  { method: "PUT", path: /m\.cross_signing\.self_signing/ },
  { method: "PUT", path: /m\.secret_storage\.default_key/ },
  { method: "POST", path: /room_keys\/version/ },
];
/** All account data at once, with the stored secrets. */
const STORED_SECRETS: RequestMatch = { method: "GET", path: /\/sync\?(?!.*\bsince=)/ };

/** The request at which the app is killed. */
type KillPoint = RequestMatch & { nth: number; when: "before" | "after" };

let synapse: Synapse;
let proxy: FaultProxy;
/** How many requests a set-up makes that nothing disturbs. */
let requests: number;
/** Those after which most is at stake, by their number: each changes what other clients find. */
let decisive: number[];
/** The last step reads the stored secrets back, to see whether all is well. */
let firstLook: Omit<KillPoint, "when">;
let users = 0;

const newUser = (): Promise<TestUser> => synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });

beforeAll(async () => {
  synapse = await startSynapse();
  proxy = await startFaultProxy(synapse.baseUrl);
  const data = await StewardData.create();
  const services = await data.open();
  const accountId = await signInTo(services, await newUser(), proxy.baseUrl);
  const { service } = openSecureBackup(services);
  await services.health.refresh(accountId);
  const { securityKey } = await service.beginSetUp({ accountId, method: "key" });
  proxy.clearRecord();
  const { setUp } = await service.confirmSetUp({ accountId, typed: securityKey });
  expect(setUp.phase).toBe("checked");
  const made = proxy.requests({ path: NOT_SYNC });
  requests = made.length;
  decisive = DECISIVE.map((match) => made.findIndex((request) => matches(match, request)) + 1);
  expect(decisive).not.toContain(0);
  const looks = proxy.requests(STORED_SECRETS);
  const decided = made[Math.max(...decisive) - 1]!.number;
  firstLook = { ...STORED_SECRETS, nth: looks.findIndex(({ number }) => number > decided) + 1 };
  expect(firstLook.nth).toBeGreaterThan(0);
  await data.destroy();
}, patient(120_000));
afterAll(async () => {
  await proxy.stop();
  await synapse.stop();
});

const next = randomNumbers();
/** The decisive requests and a few others, or all of them in a soak. */
function chosenRequests(others: number): number[] {
  const random = Array.from({ length: others }, () => 1 + Math.floor(next() * requests));
  const all = Array.from({ length: requests }, (_, index) => index + 1);
  return sample(
    [...new Set([...decisive, ...random])].sort((one, other) => one - other),
    all,
  );
}

/** Before the server sees the request, after it has done what was asked; both in a soak. */
function sides(nth: number): ("before" | "after")[] {
  return sample([nth % 2 === 0 ? "before" : "after"], ["before", "after"]);
}

/** All that must hold in the end: one backup, and a second client opens it with the key alone. */
async function expectWhole(user: TestUser, securityKey: string, setUp: SetUp, accessToken: string): Promise<void> {
  expect(setUp).toMatchObject({ phase: "checked" });
  await new AccountDataOnServer(synapse, { userId: user.userId, accessToken }).expectNoKeyWithoutSecrets();
  const opened = await openElsewhere(synapse, user, { securityKey });
  expect(opened.activeBackupVersion).toBe("1");
}

describe("a set-up of Secure Backup", () => {
  it(
    "can be continued after any of its requests failed, before or after the server did it",
    async () => {
      let stopped = 0;
      let turn = 0;
      for (const nth of chosenRequests(2)) {
        for (const when of sides(nth)) {
          const fault = FAULTS[when][turn++ % FAULTS[when].length]!;
          const what = `request ${nth} of ${requests}, ${fault.kind} ${when}`;
          const user = await newUser();
          const data = await StewardData.create();
          try {
            const services = await data.open();
            const accountId = await signInTo(services, user, proxy.baseUrl);
            const { service } = openSecureBackup(services);
            // What is learnt of an account at its start makes requests of its own.
            await services.health.refresh(accountId);
            const { securityKey } = await service.beginSetUp({ accountId, method: "key" });
            const rule = proxy.addRule({ path: NOT_SYNC, skip: nth - 1, when, fault });
            let { setUp } = await service.confirmSetUp({ accountId, typed: securityKey });
            rule.remove();
            const accessToken = await services.sessions.session(accountId).use(async (client) => client.getAccessToken()!);
            if (setUp.phase === "stopped") {
              stopped += 1;
              await new AccountDataOnServer(synapse, { userId: user.userId, accessToken }).expectNoKeyWithoutSecrets();
              expect((await service.state({ accountId })).diagnosis, what).toBe("unfinished_set_up");
              ({ setUp } = await service.continueSetUp({ accountId }));
            }
            expect(setUp, what).toMatchObject({ phase: "checked" });
            await expectWhole(user, securityKey.reveal(), setUp, accessToken);
          } finally {
            proxy.clear();
            await data.destroy();
          }
        }
      }
      // Now and then the fault meets a request that the SDK makes on its own; most must have met ours.
      expect(stopped).toBeGreaterThan(sample(2, requests));
    },
    sample(300_000, 7_200_000),
  );

  it(
    "can be continued after SIGKILL at any of its requests, with the key that was shown",
    async () => {
      const everywhere = chosenRequests(0).flatMap((nth) => sides(nth).map((when) => ({ path: NOT_SYNC, nth, when })));
      const deadly = [...DECISIVE.map((match) => ({ ...match, nth: 1 })), firstLook].map((point, index) => ({
        ...point,
        when: index % 2 === 0 ? ("after" as const) : ("before" as const),
      }));
      let cut = 0;
      const points: KillPoint[] = sample(deadly, everywhere);
      for (const point of points) if (await killAndContinue(point)) cut += 1;
      // A process makes a few requests more or fewer than another, so by number alone the last may not be met.
      expect(cut).toBeGreaterThanOrEqual(sample(deadly.length, points.length - 10));
    },
    sample(300_000, 7_200_000),
  );
});

/** Answers whether the kill cut the set-up off, and not what comes after it. */
async function killAndContinue(point: KillPoint): Promise<boolean> {
  const what = `killed ${point.when} request ${point.nth} of ${point.method ?? ""} ${point.path}`;
  const user = await newUser();
  const data = await StewardData.create();
  try {
    const accountId = await signInTo(await data.open(), user, proxy.baseUrl);
    const hold = () => proxy.hold(point);
    const { securityKey, reached } = await killDuring({ data, accountId, user }, { kind: "set_up" }, hold);
    const unfinished = await continueElsewhere(data, accountId, user, securityKey, what);
    return reached && unfinished;
  } finally {
    proxy.clear();
    await data.destroy();
  }
}

/** Answers whether there was anything to continue. */
async function continueElsewhere(
  data: StewardData,
  accountId: AccountId,
  user: TestUser,
  securityKey: string,
  what: string,
): Promise<boolean> {
  const services = await data.open();
  await services.sessions.restoreAll();
  const { service } = openSecureBackup(services);
  const accessToken = await services.sessions.session(accountId).use(async (client) => client.getAccessToken()!);
  await new AccountDataOnServer(synapse, { userId: user.userId, accessToken }).expectNoKeyWithoutSecrets();
  const before = (await service.setUp({ accountId })).setUp;
  if (before === null) {
    // Killed so late that it was already checked.
    expect((await service.state({ accountId })).diagnosis, what).toBe("working");
    await openElsewhere(synapse, user, { securityKey });
    return false;
  }
  expect(before, what).toMatchObject({ phase: "stopped" });
  const { setUp } = await service.continueSetUp({ accountId });
  expect(setUp, what).toMatchObject({ phase: "checked" });
  await expectWhole(user, securityKey, setUp, accessToken);
  return true;
}

describe("the harness of these tests", () => {
  it("sees a set-up through the proxy", async () => {
    expect(requests).toBeGreaterThan(20);
    const data = await StewardData.create();
    const services = await data.open();
    const user = await newUser();
    const accountId = await signInTo(services, user, proxy.baseUrl);
    const rule = proxy.addRule({ path: /m\.secret_storage\.default_key/, method: "PUT", fault: { kind: "reset" } });
    const { setUp } = await setUpWithKey(openSecureBackup(services), accountId);
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "network" } });
    expect(rule.met).toBe(1);
    await data.destroy();
  });
});
