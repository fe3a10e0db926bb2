import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ActivityLog, type Look } from "../../../main/health/activityLog.ts";
import type { Session } from "../../../shared/contract/devices.ts";
import { AccountId, DeviceId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const session = (deviceId: string, verification: Session["verification"] = "unverified", thisSession = false): Session => ({
  deviceId: DeviceId.parse(deviceId),
  name: `Named ${deviceId}`,
  lastSeenAt: 1,
  lastSeenIp: "192.0.2.1",
  thisSession,
  verification,
  inactive: false,
});
const email = (address: string) => ({ address, masked: `${address[0]}…@x.example` });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let time: number;
let noticed: string[];
let told: number;

function open(): ActivityLog {
  const log = new ActivityLog({
    fileOf: () => join(folder.path, "activity.json"),
    onDamaged: () => undefined,
    emit: () => (told += 1),
    logger: quietLogger,
    now: () => time,
    maxKept: 5,
  });
  log.onNoticed((_, { kind, count }) => noticed.push(count === 1 ? kind : `${kind} ${count}`));
  return log;
}
const kindsOf = async (log: ActivityLog): Promise<string[]> => (await log.list({ accountId })).activities.map(({ kind }) => kind);

/** Looks once, then again, and answers what happened in between, oldest kind first. */
async function between(before: Look, after: Look): Promise<string[]> {
  const log = open();
  await log.looked(accountId, before);
  time += 1000;
  await log.looked(accountId, after);
  return (await log.list({ accountId })).activities.map(({ kind, subject }) => (subject === null ? kind : `${kind} ${subject}`));
}

beforeEach(async () => {
  folder = await temporaryFolder("activity");
  time = 1_000_000;
  noticed = [];
  told = 0;
});
afterEach(() => folder.remove());

describe("what happens to an account", () => {
  const all: Look = {
    sessions: [session("OWN", "verified", true), session("PHONE")],
    emails: [email("ada@x.example")],
    backupVersion: "1",
    identityChangedTo: null,
  };

  it("is nothing at the first look, nor when nothing has changed", async () => {
    expect(await between(all, { ...all, sessions: [...all.sessions!].reverse() })).toEqual([]);
    expect(told).toBe(0);
  });

  it.each<[string, Look, string[]]>([
    ["a session that comes", { sessions: [...all.sessions!, session("NEW")] }, ["session_new Named NEW"]],
    ["a session that goes", { sessions: [all.sessions![0]!] }, ["session_gone Named PHONE"]],
    ["this session, which the server no longer knows", { ended: true }, ["session_ended"]],
    ["a session that is verified", { sessions: [all.sessions![0]!, session("PHONE", "verified")] }, ["session_verified Named PHONE"]],
    [
      "this session, no longer verified",
      { sessions: [session("OWN", "unverified", true), session("PHONE")] },
      ["session_unverified Named OWN"],
    ],
    ["another device of the account itself", { sessions: [session("NEXT", "verified", true), session("PHONE")] }, []],
    [
      "another identity, under which nothing is verified",
      { sessions: [session("OWN", "unverified", true), session("PHONE")], identityChangedTo: "KEY" },
      ["identity_changed"],
    ],
    ["a backup that is replaced", { backupVersion: "2" }, ["backup_replaced"]],
    ["a backup that is deleted", { backupVersion: null }, ["backup_deleted"]],
    [
      "an email that comes and one that goes",
      { emails: [email("bob@x.example")] },
      ["email_added b…@x.example", "email_removed a…@x.example"],
    ],
    ["the same email in other capitals", { emails: [email("ADA@x.example")] }, []],
    ["a part that was not answered", {}, []],
  ])("is told of %s", async (_, change, expected) => {
    expect(await between(all, Object.keys(change).length === 0 ? {} : { ...all, ...change })).toEqual(expected);
  });

  it("is not news where a part is seen for the first time later", async () => {
    expect(await between({ backupVersion: "1" }, all)).toEqual([]);
  });

  it("is told once, also over a restart, and keeps what the person said", async () => {
    await between(all, { ...all, backupVersion: "2" });
    const again = open();
    await again.looked(accountId, { ...all, backupVersion: "2" });
    expect(noticed).toEqual(["backup_replaced"]);
    const [one] = (await again.list({ accountId })).activities;
    expect(one).toMatchObject({ since: 1_000_000, noticedAt: 1_001_000, here: false, answer: null });
    await again.answer({ accountId, activityId: one!.activityId, answer: "not_mine" });
    expect((await open().list({ accountId })).activities).toMatchObject([{ kind: "backup_replaced", answer: "not_mine" }]);
  });

  it("asks nothing about what was done here, and only for as long as it may have come of that", async () => {
    const log = open();
    await log.looked(accountId, all);
    log.changedHere(accountId, "addresses");
    await log.looked(accountId, { ...all, emails: [], backupVersion: "2" });
    expect((await log.list({ accountId })).activities).toMatchObject([
      { kind: "backup_replaced", here: false },
      { kind: "email_removed", here: true },
    ]);
    time += 61_000;
    await log.looked(accountId, { ...all, backupVersion: "2" });
    expect(noticed).toEqual(["backup_replaced", "email_added"]);
  });

  it("asks about another identity, whatever was done here just before", async () => {
    const log = open();
    await log.looked(accountId, all);
    log.changedHere(accountId, "secureBackup");
    log.changedHere(accountId, "verification");
    await log.looked(accountId, { ...all, identityChangedTo: "KEY" });
    expect(noticed).toEqual(["identity_changed"]);
  });

  it("asks about what a stranger replaces with the identity, although that it is another was seen first", async () => {
    const log = open();
    await log.looked(accountId, all);
    log.changedHere(accountId, "identity");
    await log.looked(accountId, { ...all, identityChangedTo: "KEY", backupVersion: "2" });
    expect(noticed).toEqual(["identity_changed", "backup_replaced"]);
  });

  it("asks about sessions that go, all together, but not about those that were signed out here", async () => {
    const log = open();
    const others = ["A", "B", "C", "D", "E"].map((deviceId) => session(deviceId));
    const own = session("OWN", "verified", true);
    const listed = (...gone: string[]): Look => ({ sessions: [own, ...others.filter(({ deviceId }) => !gone.includes(deviceId))] });
    await log.looked(accountId, listed());
    log.endingHere(accountId, ["A", "B"]);
    await log.looked(accountId, listed("A", "C"));
    expect(noticed).toEqual(["session_gone"]);
    const told = (await log.list({ accountId })).activities.map(({ subject, here, asked }) => [subject, here, asked]);
    expect(told.sort()).toEqual([
      ["Named A", true, false],
      ["Named C", false, true],
    ]);
    // On a server's page the person may take a while.
    time += 14 * 60_000;
    await log.looked(accountId, listed("A", "B", "C", "D", "E"));
    expect(noticed).toEqual(["session_gone", "session_gone 2"]);
  });

  it("asks nothing where all others were signed out here, for as long as that may take", async () => {
    const log = open();
    const own = session("OWN", "verified", true);
    await log.looked(accountId, { sessions: [own, session("A"), session("B")] });
    log.endingHere(accountId, "others");
    time += 59_000;
    await log.looked(accountId, { sessions: [own, session("A")] });
    expect(noticed).toEqual([]);
    time += 2_000;
    await log.looked(accountId, { sessions: [own] });
    expect(noticed).toEqual(["session_gone"]);
  });

  it("says nothing of a device that was this session, and that Steward takes away later", async () => {
    const log = open();
    await log.looked(accountId, { sessions: [session("OLD", "verified", true)] });
    await log.looked(accountId, { sessions: [session("NEXT", "verified", true), session("OLD", "verified")] });
    await log.looked(accountId, { sessions: [session("NEXT", "verified", true), session("OLD", "verified")], backupVersion: null });
    await log.looked(accountId, { sessions: [session("NEXT", "verified", true)] });
    expect(await kindsOf(log)).toEqual([]);
  });

  it("says once that the server has signed this session out, until it is signed in again", async () => {
    const before = open();
    await before.looked(accountId, { ended: true });
    expect(noticed).toEqual([]);
    await before.looked(accountId, all);
    await before.looked(accountId, { ended: true });
    await open().looked(accountId, { ended: true });
    expect(noticed).toEqual(["session_ended"]);
    await open().looked(accountId, all);
    await open().looked(accountId, { ended: true });
    expect(noticed).toEqual(["session_ended", "session_ended"]);
  });

  it("is bounded, and says no address in full", async () => {
    const log = open();
    await log.looked(accountId, { backupVersion: "0" });
    for (let version = 1; version <= 7; version += 1) await log.looked(accountId, { backupVersion: String(version) });
    expect(await kindsOf(log)).toHaveLength(5);
    await log.looked(accountId, all);
    expect(await readFile(join(folder.path, "activity.json"), "utf8")).not.toContain("ada@x.example");
  });

  it("writes nothing to the folder of an account that is gone", async () => {
    const log = open();
    await log.forget(accountId);
    await log.looked(accountId, all);
    await log.stopAll();
    await expect(readFile(join(folder.path, "activity.json"))).rejects.toThrow();
  });
});
