import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { RowJob } from "../../../shared/contract/jobs.ts";
import type { OffboardingDraft } from "../../../shared/contract/offboarding.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

vi.setConfig({ testTimeout: 120_000 });

let one: Synapse;
let two: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let atOne: AccountId;
let atTwo: AccountId;

async function signIn(baseUrl: string, synapse: Synapse): Promise<AccountId> {
  const admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
  return signInTo(services, admin, baseUrl);
}

beforeAll(async () => {
  [one, two] = await Promise.all([startSynapse({ serverName: "one.test" }), startSynapse({ serverName: "two.test" })]);
  proxy = await startFaultProxy(two.baseUrl);
  data = await StewardData.create();
  services = await data.open({ serverAwayMs: 20 });
  atOne = await signIn(one.baseUrl, one);
  atTwo = await signIn(proxy.baseUrl, two);
  const password = "a password of theirs";
  const jane = await one.register({ user: "jane", password, displayName: "Jane Doe" });
  await one.setEmail(jane, "jane@corp.test");
  await one.register({ user: "janet", password, displayName: "Janet" });
  await two.register({ user: "jdoe", password, displayName: "Jane Doe" });
  const mail = await two.register({ user: "office", password, displayName: "Office" });
  await two.setEmail(mail, "jane@corp.test");
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await Promise.all([one?.stop(), two?.stop()]);
});

const draftWhen = (is: (draft: OffboardingDraft) => boolean): Promise<OffboardingDraft> =>
  waitUntil(
    () => {
      const { draft } = services.offboarding.draft();
      return draft !== null && is(draft) ? draft : null;
    },
    { what: "what would be done to be known", timeoutMs: 60_000 },
  );
const isReady = (accountId: AccountId) => (draft: OffboardingDraft) =>
  draft.servers.some((server) => server.accountId === accountId && server.status === "ready");
const ended = (jobId: ConversationId): Promise<unknown> =>
  waitUntil(() => services.allJobs.list().jobs.some((job) => job.jobId === jobId && job.status === "done"), {
    what: "the job to be done",
    timeoutMs: 60_000,
  });
const prepared = async (users: { accountId: AccountId; userId: string }[]): Promise<void> =>
  void services.offboarding.prepare({ action: "lock", users });
const locked = async (synapse: Synapse, userId: string): Promise<unknown> =>
  (await synapse.adminCall({ path: `/_synapse/admin/v2/users/${userId}` }))["locked"];

it("finds whom a person may be on each server, by what is known of them", async () => {
  const terms = ["@jane:one.test", "Jane Doe", "jane@corp.test"];
  const found = async (accountId: AccountId) =>
    (await services.offboarding.find({ accountId, terms })).found.map(({ user, by }) => [user.userId, ...[...by].sort()]);
  expect(await found(atOne)).toEqual([["@jane:one.test", "contact", "display_name", "user_name"]]);
  expect(await found(atTwo)).toEqual([
    ["@office:two.test", "contact"],
    ["@jdoe:two.test", "display_name", "similar"],
  ]);
  const { found: similar } = await services.offboarding.find({ accountId: atOne, terms: ["jane"] });
  expect(similar.map(({ user, by }) => [user.userId, ...by])).toEqual([
    ["@jane:one.test", "user_name"],
    ["@janet:one.test", "similar"],
  ]);
});

it("locks the accounts of a person on several servers: a server that lets wait stops no other, and one report tells of all", async () => {
  const users = [
    { accountId: atOne, userId: "@jane:one.test" },
    { accountId: atTwo, userId: "@jdoe:two.test" },
    { accountId: atTwo, userId: "@root:two.test" },
  ];
  expect(await errorOf(prepared([{ accountId: atOne, userId: "@jdoe:two.test" }]))).toMatchObject({ kind: "not_own_server" });
  const hold = proxy.hold({ nth: 1, when: "before", method: "GET", path: /users\/(%40|@)jdoe/ });
  await prepared(users);
  await hold.reached;
  const { draftId, servers } = await draftWhen(isReady(atOne));
  expect(servers.map(({ serverName, status }) => [serverName, status])).toEqual([
    ["one.test", "ready"],
    ["two.test", "checking"],
  ]);
  expect(await errorOf(services.offboarding.start({ draftId, accountIds: [atOne, atTwo] }))).toEqual({ kind: "conversation_over" });
  const first = await services.offboarding.start({ draftId, accountIds: [atOne] });
  expect(services.offboarding.draft().draft?.servers.map(({ serverName }) => serverName)).toEqual(["two.test"]);
  await ended(first.jobIds[0]!);
  expect(await locked(one, "@jane:one.test")).toBe(true);
  hold.release();
  const later = await draftWhen(isReady(atTwo));
  expect(later.servers[0]?.rows.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual([
    ["@jdoe:two.test", "ready", null],
    ["@root:two.test", "skipped", "own_account"],
  ]);
  const second = await services.offboarding.start({ draftId, accountIds: [atTwo] });
  expect(services.offboarding.draft().draft).toBe(null);
  await ended(second.jobIds[0]!);
  expect(await locked(two, "@jdoe:two.test")).toBe(true);
  expect(await errorOf(services.offboarding.start({ draftId, accountIds: [atTwo] }))).toEqual({ kind: "conversation_over" });

  const [batch, batchOfSecond] = [first, second].map(
    ({ jobIds }) => services.allJobs.list().jobs.find((job): job is RowJob => job.rowJob && job.jobId === jobIds[0])?.batch,
  );
  expect(batch?.servers).toEqual(["one.test", "two.test"]);
  expect(batchOfSecond).toEqual(batch);
  const report = async (): Promise<string> => {
    await services.offboarding.saveReport({ batchId: batch!.batchId });
    return (data.kept.at(-1) ?? "").replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "(time)");
  };
  const told = "jane,one.test,lock_users,(time),done,,\r\njdoe,two.test,lock_users,(time),done,,\r\n";
  expect(await report()).toContain(told);
  // As after a restart: what belongs together is known still.
  await data.close();
  services = await data.open({ serverAwayMs: 20 });
  expect(await report()).toContain(told);
  await services.allJobs.dismiss({ jobId: second.jobIds[0]! });
  expect(await report()).toContain(",two.test,,,unknown,no_job,");
  await services.sessions.restoreAll();
});

it("erases only what was counted, and what one server refuses waits there to be looked at again", async () => {
  proxy.addRule({
    method: "GET",
    path: /auth_metadata/,
    times: Infinity,
    fault: { kind: "answer", status: 200, body: { issuer: "https://mas.two.test/" } },
  });
  await services.administration.checkAccess({ accountId: atTwo });
  services.offboarding.prepare({
    action: "erase",
    users: [
      { accountId: atOne, userId: "@janet:one.test" },
      { accountId: atTwo, userId: "@office:two.test" },
    ],
  });
  const { draftId, servers } = await draftWhen(
    (draft) => isReady(atOne)(draft) && draft.servers.every(({ status }) => status !== "checking"),
  );
  expect(servers[1]).toMatchObject({ serverName: "two.test", status: "failed", error: { kind: "users_managed_elsewhere" } });
  expect(await errorOf(services.offboarding.start({ draftId, accountIds: [atOne], typed: "2" }))).toEqual({ kind: "not_confirmed" });
  const { jobIds } = await services.offboarding.start({ draftId, accountIds: [atOne], typed: " 1 " });
  await ended(jobIds[0]!);
  expect(await one.adminCall({ path: "/_synapse/admin/v2/users/@janet:one.test" })).toMatchObject({ deactivated: true, erased: true });
  expect(services.offboarding.draft().draft?.servers).toHaveLength(1);
  proxy.clear();
  await services.administration.checkAccess({ accountId: atTwo });
  services.offboarding.lookAgain({ draftId, accountId: atTwo });
  expect((await draftWhen(isReady(atTwo))).servers).toMatchObject([{ ready: 1, error: null }]);
  services.offboarding.dropDraft({ draftId });
  expect(await two.adminCall({ path: "/_synapse/admin/v2/users/@office:two.test" })).toMatchObject({ deactivated: false });
});
