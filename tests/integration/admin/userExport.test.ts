import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readUserFile } from "../../../main/admin/csv/readUserFile.ts";
import type { Services } from "../../../main/services.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import type { CollectedContacts } from "../../../shared/contract/userContacts.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";
import { UserColumn } from "../../../shared/contract/bulk.ts";

/** More than one page of the list. */
const SEEDED = 1_100;
const everybody: UserFilter = { search: "", kind: "current", seen: "any", withoutHidden: false, sort: "name", descending: false };

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let accountId: AccountId;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-export-"));
  synapse = await startSynapse({ serverName: "export.test" });
  await synapse.addUsers(SEEDED);
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  services = await data.open({ serverAwayMs: 10 });
  await synapse.register({ user: "boss", password: "a password", admin: true });
  await synapse.register({ user: "ann", password: "a password", displayName: '=HYPERLINK("http://evil.example")' });
  await synapse.register({ user: "bea", password: "a password", displayName: "Bea, “the\nsecond”" });
  await put("ann", {
    threepids: [
      { medium: "email", address: "ann@mail.example" },
      { medium: "msisdn", address: "447700900123" },
    ],
  });
  await put("bea", { external_ids: [{ auth_provider: "oidc-x", external_id: "b/1" }], locked: true });
  await put("user00001", { deactivated: true });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: "boss" },
    password: secretOf("password", "a password"),
    acceptInsecureHttp: false,
  });
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await synapse?.stop();
  if (folder) await rm(folder, { recursive: true });
});
beforeEach(() => proxy.clear());

const idOf = (localpart: string): string => `@${localpart}:export.test`;
const put = (localpart: string, body: object) =>
  synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(idOf(localpart))}`, body });
const aboutUser = (localpart: string): RegExp => new RegExp(`/v2/users/${encodeURIComponent(idOf(localpart))}$`);
const jobNow = (job: Job): Job => services.jobs.list().find(({ jobId }) => jobId === job.jobId)!;

async function begin(name: string, filter: Partial<UserFilter> = {}, userIds: string[] | null = null): Promise<Job> {
  data.keyFile = join(folder, name);
  const { job } = await services.userExport.save({ accountId, filter: { ...everybody, ...filter }, userIds });
  return job!;
}

async function ended(job: Job): Promise<Job> {
  return waitUntil(() => Promise.resolve(jobNow(job).status === "running" ? undefined : jobNow(job)), {
    what: "the export to end",
    timeoutMs: 90_000,
  });
}

async function rowsOf(name: string): Promise<Record<string, string>[]> {
  return parse(await readFile(join(folder, name)), { bom: true, columns: true });
}

it("writes everybody, contacts included, where nobody else may read it", async () => {
  const job = await ended(await begin("all.csv"));
  // The account, the one that tests use, Ann and Bea.
  expect(job).toMatchObject({ status: "done", counts: { users: SEEDED + 3, gone: 0, incomplete: 0 }, accountId });
  const rows = await rowsOf("all.csv");
  expect(rows).toHaveLength(SEEDED + 3);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(SEEDED + 3);
  expect(rows.map(({ id }) => id)).not.toContain("user00001");
  expect(rows.find(({ id }) => id === "ann")).toMatchObject({
    homeserver: "export.test",
    displayname: `'=HYPERLINK("http://evil.example")`,
    threepids: "email:ann@mail.example,msisdn:447700900123",
    suspended: "false",
    created: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:]{8}Z$/),
    result: "done",
  });
  expect(rows.find(({ id }) => id === "bea")).toMatchObject({
    external_ids: "oidc-x:b/1",
    locked: "true",
    displayname: "Bea, “the\nsecond”",
  });
  expect((await stat(join(folder, "all.csv"))).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["all.csv"]);
}, 120_000);

it("writes a file that can be read for bulk work, with names as they were", async () => {
  await ended(await begin("some.csv", {}, [idOf("bea"), idOf("ann")]));
  expect((await rowsOf("some.csv")).map(({ id }) => id)).toEqual(["ann", "bea"]);
  const { rows } = await readUserFile({
    path: join(folder, "some.csv"),
    serverName: "export.test",
    readFor: { isNew: true, columns: UserColumn.options },
    mapping: null,
  });
  expect(rows.map(({ user, problem }) => [user?.userId, user?.displayName, problem])).toEqual([
    [idOf("ann"), '=HYPERLINK("http://evil.example")', null],
    [undefined, undefined, { reason: "line_break", column: "displayname" }],
  ]);
});

it("goes on after a rate limit, and says of whom the server does not tell", async () => {
  const limited = { kind: "answer", status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "", retry_after_ms: 5 } } as const;
  proxy.addRule({ path: /\/v2\/users\//, times: 3, fault: limited });
  proxy.addRule({ path: /\/v3\/users\?/, times: 1, fault: { kind: "answer", status: 502, body: "<html>" } });
  proxy.addRule({
    path: aboutUser("ann"),
    times: Infinity,
    fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN", error: "Internal" } },
  });
  proxy.addRule({ path: aboutUser("bea"), fault: { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND", error: "" } } });
  const job = await ended(await begin("odd.csv", { search: "e" }, [idOf("ann"), idOf("bea"), idOf("user00002")]));
  expect(job).toMatchObject({ status: "done", counts: { users: 2, gone: 1, incomplete: 1 } });
  const other = await ended(await begin("ann.csv", { search: "ann" }));
  expect(other).toMatchObject({ status: "done", counts: { users: 1, gone: 0, incomplete: 1 } });
  expect(await rowsOf("ann.csv")).toMatchObject([
    { id: "ann", threepids: "", suspended: "", result: "incomplete", reason: expect.stringContaining("M_UNKNOWN") },
  ]);
  proxy.clear();
  proxy.addRule({ path: /\/v1\/threepid\//, times: 2, fault: limited });
  expect(await ended(await begin("owner.csv", { search: "ann@mail.example" }))).toMatchObject({
    status: "done",
    counts: { users: 1, gone: 0, incomplete: 0 },
  });
}, 60_000);

it("leaves the file that was there, and none of its own, where it is stopped or fails", async () => {
  await writeFile(join(folder, "kept.csv"), "before");
  const before = await readdir(folder);
  const asked = proxy.hold({ path: /\/v2\/users\//, nth: 150, when: "before" });
  const job = await begin("kept.csv");
  await asked.reached;
  await services.jobs.cancel(job.jobId);
  asked.release();
  expect(jobNow(job)).toMatchObject({ status: "cancelled" });
  proxy.addRule({
    path: aboutUser("boss"),
    times: Infinity,
    fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "" } },
  });
  proxy.addRule({ path: aboutUser("user00002"), fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "" } } });
  expect(await ended(await begin("kept.csv", { search: "user00002" }))).toMatchObject({ status: "failed", error: { kind: "forbidden" } });
  expect(await readdir(folder)).toEqual(before);
  expect(await readFile(join(folder, "kept.csv"), "utf8")).toBe("before");
}, 60_000);

it("begins nothing where the person cancels", async () => {
  data.keyFile = null;
  expect(await services.userExport.save({ accountId, filter: everybody, userIds: null })).toEqual({ job: null });
});

describe("contacts for the list", () => {
  const collectedOf = (): CollectedContacts | null => services.userContacts.get({ accountId }).contacts;

  it("are collected of everybody whom the list would show, and of them alone", async () => {
    expect(collectedOf()).toBeNull();
    const limited = { kind: "answer", status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "", retry_after_ms: 5 } } as const;
    proxy.addRule({ path: aboutUser("ann"), times: 1, fault: limited });
    const before = Date.now();
    const job = await ended(services.userContacts.collect({ accountId, filter: { ...everybody, search: "ann" } }).job);
    expect(job).toMatchObject({ status: "done", counts: { users: 1, gone: 0, incomplete: 0 } });
    const { collectedAt, ...contacts } = collectedOf()!;
    expect(contacts).toEqual({ users: [{ userId: idOf("ann"), threepids: expect.any(Array), externalIds: [] }], untold: 0 });
    expect(contacts.users[0]!.threepids).toHaveLength(2);
    expect(collectedAt).toBeGreaterThanOrEqual(before);
    expect(data.events.filter(({ channel }) => channel === "userContacts.changed")).toHaveLength(1);
  });

  it("say of how many the server did not tell, and stay as they were where it refuses, or nobody wants them any more", async () => {
    proxy.addRule({
      path: aboutUser("ann"),
      times: Infinity,
      fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN", error: "" } },
    });
    proxy.addRule({ path: aboutUser("boss"), fault: { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND", error: "" } } });
    const filter = { ...everybody, kind: "admins" } as const;
    expect(await ended(services.userContacts.collect({ accountId, filter }).job)).toMatchObject({ status: "done", counts: { gone: 1 } });
    await ended(services.userContacts.collect({ accountId, filter: { ...everybody, search: "ann" } }).job);
    expect(collectedOf()).toMatchObject({ users: [], untold: 1 });
    proxy.clear();
    proxy.addRule({
      path: /\/_synapse\/admin\//,
      times: Infinity,
      fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "" } },
    });
    const kept = collectedOf();
    expect(await ended(services.userContacts.collect({ accountId, filter: everybody }).job)).toMatchObject({ status: "failed" });
    proxy.clear();
    const { job } = services.userContacts.collect({ accountId, filter: everybody });
    await services.jobs.cancel(job.jobId);
    expect(await ended(job)).toMatchObject({ status: "cancelled" });
    expect(collectedOf()).toEqual(kept);
  });

  it("are in no file", async () => {
    await ended(services.userContacts.collect({ accountId, filter: { ...everybody, search: "ann" } }).job);
    expect(JSON.stringify(collectedOf())).toContain("ann@mail.example");
    for (const entry of await readdir(data.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      // One that takes the place of another is gone by now.
      const content = await readFile(join(entry.parentPath, entry.name), "latin1").catch(() => "");
      expect(content, entry.name).not.toContain("ann@mail.example");
    }
  });
});
