import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NewSessions } from "../../../main/devices/newSessions.ts";
import type { Session } from "../../../shared/contract/devices.ts";
import { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const session = (deviceId: string, thisSession = false): Session => ({
  deviceId,
  name: `Named ${deviceId}`,
  lastSeenAt: 1,
  lastSeenIp: "192.0.2.1",
  thisSession,
  verification: "unverified",
  inactive: false,
});
const own = session("OWN", true);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let told: string[][];
let noticed: string[];

function open(): NewSessions {
  const watch = new NewSessions({
    fileOf: () => join(folder.path, "known-sessions.json"),
    onDamaged: () => undefined,
    emit: (_, payload) => {
      if ("newSessions" in payload) told.push(payload.newSessions.map((one) => one.session.deviceId));
    },
    logger: quietLogger,
  });
  watch.onNoticed((_, { deviceId }) => noticed.push(deviceId));
  return watch;
}

const idsOf = async (watch: NewSessions): Promise<string[]> =>
  (await watch.newSessions({ accountId })).newSessions.map((one) => one.session.deviceId);

beforeEach(async () => {
  folder = await temporaryFolder("new-sessions");
  told = [];
  noticed = [];
});
afterEach(() => folder.remove());

describe("sessions that were not there before", () => {
  it("are none when the list is read for the first time, and each is told once", async () => {
    const watch = open();
    expect(await watch.take(accountId, [own, session("OLD")])).toBe(true);
    expect(noticed).toEqual([]);
    expect(await watch.take(accountId, [own, session("OLD")])).toBe(false);
    expect(await watch.take(accountId, [own, session("OLD"), session("NEW")])).toBe(true);
    expect(await watch.take(accountId, [own, session("NEW"), session("OLD")])).toBe(false);
    expect(noticed).toEqual(["NEW"]);
    expect(told.at(-1)).toEqual(["NEW"]);
    expect(await idsOf(watch)).toEqual(["NEW"]);
  });

  it("stay a question over a restart, and are told no second time", async () => {
    const before = open();
    await before.take(accountId, [own]);
    await before.take(accountId, [own, session("NEW")]);
    const after = open();
    expect(await after.take(accountId, [own, session("NEW")])).toBe(false);
    expect(noticed).toEqual(["NEW"]);
    expect(await idsOf(after)).toEqual(["NEW"]);
  });

  it("that came while Steward was not running are noticed at the next start", async () => {
    await open().take(accountId, [own]);
    await open().take(accountId, [own, session("MEANWHILE")]);
    expect(noticed).toEqual(["MEANWHILE"]);
  });

  it("are not the account's own from before it was signed in again", async () => {
    const watch = open();
    await watch.take(accountId, [own]);
    await watch.take(accountId, [session("OWN AGAIN", true), session("OWN")]);
    expect(noticed).toEqual([]);
    expect(await idsOf(watch)).toEqual([]);
  });

  it("are no question any more once answered, or gone", async () => {
    const watch = open();
    await watch.take(accountId, [own]);
    await watch.take(accountId, [own, session("A"), session("B")]);
    expect(await idsOf(watch)).toEqual(["A", "B"]);
    await watch.answerNewSession({ accountId, deviceId: "A", answer: "mine" });
    expect(told.at(-1)).toEqual(["B"]);
    await watch.take(accountId, [own, session("A")]);
    expect(await idsOf(watch)).toEqual([]);
    expect(told.at(-1)).toEqual([]);
  });

  it("are asked about anew when a device id that had gone comes back", async () => {
    const watch = open();
    await watch.take(accountId, [own]);
    await watch.take(accountId, [own, session("A")]);
    await watch.answerNewSession({ accountId, deviceId: "A", answer: "mine" });
    await watch.take(accountId, [own]);
    await watch.take(accountId, [own, session("A")]);
    expect(noticed).toEqual(["A", "A"]);
    expect(await idsOf(watch)).toEqual(["A"]);
  });

  it("leave no more than two hundred behind", async () => {
    const watch = open();
    await watch.take(accountId, [own]);
    const many = Array.from({ length: 300 }, (_, index) => session(`D${String(index)}`));
    await watch.take(accountId, [own, ...many]);
    const { data } = JSON.parse(await readFile(join(folder.path, "known-sessions.json"), "utf8")) as { data: { news: unknown[] } };
    expect(data.news).toHaveLength(200);
  });

  it("are written nowhere once the account is forgotten, or the app ends", async () => {
    const watch = open();
    await watch.take(accountId, [own]);
    await watch.forget(accountId);
    expect(await watch.take(accountId, [own, session("LATE")])).toBe(false);
    const other = open();
    await other.stopAll();
    expect(await other.take(accountId, [own, session("LATE")])).toBe(false);
    expect(noticed).toEqual([]);
  });
});
