import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initAsync, OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RoomKey } from "../../../main/roomKeys/roomKey.ts";
import type { Services } from "../../../main/services.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { FaultProxy } from "../../support/faultProxy.ts";
import { resultOf } from "../../support/jobResult.ts";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { errorOf } from "../../support/errorOf.ts";
import { readKeyFile, writeKeyFile } from "../../support/keyFiles.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PASSPHRASE = "quarrel lantern osprey velvet 1837";
const TYPED = secretOf("passphrase", PASSPHRASE);
const KEYS = /\/room_keys\/keys/;

const servers = useServers();
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let folder: string;
let file: string;
let users = 0;
const others: SdkSession[] = [];

beforeAll(async () => {
  ({ synapse, proxy } = servers);
  await initAsync();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-room-keys-"));
  file = join(folder, "keys.txt");
  data = await StewardData.create();
  data.keyFile = file;
  services = await data.open();
});
afterEach(async () => {
  proxy.clear();
  for (const other of others.splice(0)) other.stop();
  await data.destroy();
  await rm(folder, { recursive: true });
});

const register = (): Promise<TestUser> => synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });

/** A user with a Secure Backup that another client has set up; signed in there and here, and open here. */
async function accountWithBackup(): Promise<{ accountId: AccountId; other: SdkSession; user: TestUser; securityKey: string }> {
  const user = await register();
  const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  others.push(other);
  const securityKey = await other.setUpSecureBackup();
  const accountId = await signInTo(services, user, proxy.baseUrl);
  await services.secureBackup.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) });
  return { accountId, other, user, securityKey };
}

async function ended(job: Job): Promise<Job> {
  return waitUntil(() => services.jobs.list().find(({ jobId, status }) => jobId === job.jobId && status !== "running"), {
    what: `the end of ${job.kind}`,
    timeoutMs: 60_000,
  });
}

async function exportAll(accountId: AccountId, roomIds: string[] | null = null): Promise<Job> {
  const { job } = await services.roomKeys.export({ accountId, passphrase: TYPED, roomIds });
  return ended(job!);
}

async function importFile(accountId: AccountId, passphrase = PASSPHRASE): Promise<Job> {
  await services.roomKeys.chooseFile({ accountId });
  return ended(services.roomKeys.import({ accountId, passphrase: secretOf("passphrase", passphrase) }).job);
}

const verify = async (accountId: AccountId): Promise<Job> => ended(services.roomKeys.verifyBackup({ accountId }).job);

const inFile = async (): Promise<RoomKey[]> =>
  JSON.parse(OlmMachine.decryptExportedRoomKeys(await readFile(file, "utf8"), PASSPHRASE)) as RoomKey[];

/** What makes a key the key it is, for comparing. */
const essence = (keys: readonly object[]): string[] =>
  (keys as RoomKey[]).map((key) => [key.room_id, key.session_id, key.session_key, key.sender_key].join(" ")).sort();

async function backupVersion({ tokens }: SdkSession): Promise<string> {
  const { version } = await synapse.call({ path: "/_matrix/client/v3/room_keys/version", token: tokens.accessToken });
  return version as string;
}

describe("room keys", () => {
  it("are exported from the backup, read by the crypto WASM, and imported into another account's backup", async () => {
    const { accountId, other } = await accountWithBackup();
    const [roomId, second] = [await other.sendRoomKeys(4), await other.sendRoomKeys(3)];
    const theirs = await other.crypto.exportRoomKeys();
    expect(await services.roomKeys.overview({ accountId })).toMatchObject({ backup: "open", keysInBackup: 7 });

    const exported = await exportAll(accountId);
    expect(exported).toMatchObject({ status: "done", counts: { exported: 7, broken: 0 } });
    expect(essence(await inFile())).toEqual(essence(theirs));
    expect(await readdir(folder)).toEqual(["keys.txt"]);

    const chosen = await exportAll(accountId, [second]);
    expect(resultOf(chosen).counts["exported"]).toBe(3);
    expect(essence(await inFile())).toEqual(essence(theirs.filter(({ room_id }) => room_id === second)));
    const { rooms: listed } = await services.roomKeys.rooms({ accountId });
    expect(listed.map((room) => [room.roomId, room.inBackup]).sort()).toEqual(
      [
        [roomId, 4],
        [second, 3],
      ].sort(),
    );

    await exportAll(accountId);
    const next = await accountWithBackup();
    const imported = await importFile(next.accountId);
    expect(imported).toMatchObject({ status: "done", counts: { new: 7, better: 0, alreadyThere: 0, broken: 0 } });
    expect(resultOf(await importFile(next.accountId)).counts).toEqual({ new: 0, better: 0, alreadyThere: 7, broken: 0 });
    // Another client of that account opens them, from the backup alone.
    const opened = await startSdkSession({ baseUrl: synapse.baseUrl, ...next.user });
    others.push(opened);
    const { roomKeys } = await opened.openBackupWith({ securityKey: next.securityKey });
    expect(roomKeys).toEqual({ inBackup: 7, restored: 7 });
    expect(essence(await opened.crypto.exportRoomKeys())).toEqual(essence(theirs));
    // And this session has them too, and does not upload them once more.
    const puts = proxy.requests({ method: "PUT", path: KEYS }).length;
    expect(await services.roomKeys.overview({ accountId: next.accountId })).toMatchObject({ keysInBackup: 7, keysHere: 7 });
    expect(proxy.requests({ method: "PUT", path: KEYS }).length).toBe(puts);
    expect(resultOf(await verify(next.accountId)).counts).toEqual({ good: 7, broken: 0 });
  });

  it("from a file are counted as new, better, there already and broken, and a broken one spoils nothing", async () => {
    const { accountId, other, user, securityKey } = await accountWithBackup();
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(900, { firstIndex: 5 }));
    expect(resultOf(await importFile(accountId)).counts).toEqual({ new: 900, better: 0, alreadyThere: 0, broken: 0 });
    const bad = makeRoomKey(950);
    await writeKeyFile(file, PASSPHRASE, [
      ...makeRoomKeys(300, { firstIndex: 2 }),
      ...[300, 301, 302].map((number) => makeRoomKey(number, { firstIndex: 7 })),
      ...[910, 911].map((number) => makeRoomKey(number)),
      makeRoomKey(910),
      { ...bad, session_key: bad.session_key.slice(0, 100) },
      { ...bad, session_id: makeRoomKey(951).session_id },
      { ...bad, algorithm: "m.other" },
      { ...bad, room_id: 5 },
      "nonsense",
      null,
    ]);
    const job = await importFile(accountId);
    expect(job).toMatchObject({ status: "done", counts: { new: 2, better: 300, alreadyThere: 4, broken: 6 } });
    expect(resultOf(job).problems.map(({ subject, reason }) => [subject.number, reason])).toEqual([
      [307, "bad_session_key"],
      [308, "bad_session_key"],
      [309, "unknown_algorithm"],
      [310, "not_a_room_key"],
      [311, "not_a_room_key"],
      [312, "not_a_room_key"],
    ]);
    const opened = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    others.push(opened);
    expect((await opened.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup: 902, restored: 902 });
    const expected = [
      ...makeRoomKeys(300, { firstIndex: 2 }),
      ...makeRoomKeys(900, { firstIndex: 5 }).slice(300),
      ...[910, 911].map((number) => makeRoomKey(number)),
    ];
    expect(essence(await opened.crypto.exportRoomKeys())).toEqual(essence(expected));
    // The export has the better copies, whichever of backup and session they are in.
    const path = `/_matrix/client/v3/room_keys/keys/${encodeURIComponent(makeRoomKey(1).room_id)}/${encodeURIComponent(makeRoomKey(1).session_id)}`;
    const version = await backupVersion(other);
    await synapse.call({ method: "DELETE", path: `${path}?version=${version}`, token: other.tokens.accessToken });
    expect(resultOf(await exportAll(accountId)).counts).toMatchObject({ exported: 902, fromBackup: 901, fromSession: 1 });
    expect(essence(await inFile())).toEqual(essence(expected));
  });

  it("go into the session alone where there is no backup, and come out of it again", async () => {
    const accountId = await signInTo(services, await register(), proxy.baseUrl);
    expect(await services.roomKeys.overview({ accountId })).toEqual({ backup: "none", keysInBackup: 0, keysHere: 0 });
    expect(await exportAll(accountId)).toMatchObject({ status: "failed", error: { kind: "no_room_keys" } });
    expect(await verify(accountId)).toMatchObject({ status: "failed", error: { kind: "secure_backup_absent" } });
    expect(await readdir(folder)).toEqual([]);
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(60, { firstIndex: 5 }));
    expect(resultOf(await importFile(accountId)).counts).toEqual({ new: 60, better: 0, alreadyThere: 0, broken: 0 });
    // A signing key that is no point on the curve: only the crypto machine sees that.
    const odd = makeRoomKey(70);
    const bytes = Buffer.from(odd.session_key, "base64").fill(0, 133);
    bytes[133] = 2;
    const sessionId = bytes.subarray(133).toString("base64").slice(0, 43);
    await writeKeyFile(file, PASSPHRASE, [
      ...makeRoomKeys(10, { firstIndex: 1 }),
      makeRoomKey(20, { firstIndex: 9 }),
      { ...odd, session_key: bytes.toString("base64"), session_id: sessionId },
      makeRoomKey(71),
    ]);
    const job = await importFile(accountId);
    expect(resultOf(job).counts).toEqual({ new: 1, better: 10, alreadyThere: 1, broken: 1 });
    expect(resultOf(job).problems).toEqual([{ subject: { roomId: odd.room_id, sessionId }, reason: "refused" }]);
    expect(resultOf(await exportAll(accountId)).counts).toMatchObject({ exported: 61, fromBackup: 0, fromSession: 61 });
    const expected = [...makeRoomKeys(10, { firstIndex: 1 }), ...makeRoomKeys(60, { firstIndex: 5 }).slice(10), makeRoomKey(71)];
    expect(essence(await inFile())).toEqual(essence(expected));
  });

  it("as other clients write them are imported, exported and counted good, with what they say beside the key", async () => {
    const { accountId, user, securityKey } = await accountWithBackup();
    const without = ({ sender_claimed_keys: _claimed, forwarding_curve25519_key_chain: _chain, ...key }: RoomKey) => key;
    const odd = [
      without(makeRoomKey(1)),
      { ...makeRoomKey(2), sender_claimed_keys: null, forwarding_curve25519_key_chain: null, more: { kept: true } },
      { ...makeRoomKey(3), sender_claimed_keys: { ed25519: "odd" }, "m.shared_history": "odd" },
    ];
    await writeKeyFile(file, PASSPHRASE, [...odd, { ...makeRoomKey(4), algorithm: "m.megolm.v2.aes-sha2" }]);
    const job = await importFile(accountId);
    expect(resultOf(job).counts).toEqual({ new: 3, better: 0, alreadyThere: 0, broken: 1 });
    expect(resultOf(job).problems.map(({ reason }) => reason)).toEqual(["unsupported_algorithm"]);
    expect(await services.roomKeys.overview({ accountId })).toMatchObject({ keysInBackup: 3, keysHere: 3 });
    expect(resultOf(await verify(accountId)).counts).toEqual({ good: 3, broken: 0 });
    expect(resultOf(await exportAll(accountId)).counts).toMatchObject({ exported: 3, broken: 0 });
    const exported = await readKeyFile(file, PASSPHRASE);
    expect(essence(exported)).toEqual(essence(makeRoomKeys(4).slice(1)));
    expect(exported).toContainEqual(expect.objectContaining({ more: { kept: true } }));
    const opened = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    others.push(opened);
    expect((await opened.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup: 3, restored: 3 });
  });

  it("are named by their rooms, and counted where they are", async () => {
    const { accountId, user } = await accountWithBackup();
    const { accessToken } = await synapse.login(user.user, user.password);
    const { room_id: roomId } = await synapse.call({
      path: "/_matrix/client/v3/createRoom",
      token: accessToken,
      body: { name: "The Garden" },
    });
    await writeKeyFile(file, PASSPHRASE, [makeRoomKey(1, { room: roomId as string }), makeRoomKey(2)]);
    await importFile(accountId);
    const { rooms: listed } = await services.roomKeys.rooms({ accountId });
    expect(listed).toHaveLength(2);
    expect(listed).toContainEqual({ roomId, name: "The Garden", inBackup: 1, here: 1 });
    expect(listed).toContainEqual({ roomId: makeRoomKey(2).room_id, name: null, inBackup: 1, here: 1 });
  });
});

describe("a backup with broken entries", () => {
  it("is verified entry by entry, and its good ones are exported", async () => {
    const { accountId, other } = await accountWithBackup();
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(500));
    await importFile(accountId);
    const version = await backupVersion(other);
    const token = other.tokens.accessToken;
    const keysPath = `/_matrix/client/v3/room_keys/keys?version=${version}`;
    const { rooms: inBackup } = await synapse.call({ path: keysPath, token });
    const entry = inBackup["!room0:example.org"].sessions[makeRoomKey(1).session_id];
    const put = (sessionId: string, change: object): Promise<unknown> =>
      synapse.call({
        method: "PUT",
        path: keysPath,
        token,
        body: { rooms: { "!bad:example.org": { sessions: { [sessionId]: { ...entry, ...change } } } } },
      });
    const { session_data: sealed } = entry;
    await put("another", {});
    await put("nothing", { session_data: {} });
    await put("cut", { session_data: { ...sealed, ciphertext: sealed.ciphertext.slice(0, 40) } });
    await put("not ours", { session_data: { ...sealed, mac: "AAAAAAAAAAA" } });
    await put("no key", { session_data: { ...sealed, ephemeral: "A".repeat(43) } });
    await put("long", { session_data: { ...sealed, ciphertext: "A".repeat(70_000) } });
    const job = await verify(accountId);
    expect(job).toMatchObject({ status: "done", counts: { good: 500, broken: 6 } });
    const reasons = Object.fromEntries(resultOf(job).problems.map(({ subject, reason }) => [subject.sessionId, reason]));
    expect(reasons).toEqual({
      another: "bad_session_key",
      nothing: "unreadable",
      cut: "does_not_decrypt",
      "not ours": "does_not_decrypt",
      "no key": "does_not_decrypt",
      long: "unreadable",
    });
    expect(resultOf(await exportAll(accountId)).counts).toMatchObject({ exported: 500, broken: 6 });
    expect(await inFile()).toHaveLength(500);
  });
});

describe("work on room keys that does not come to its end", () => {
  it("leaves nothing when it is cancelled, and the old file where there was one", async () => {
    const { accountId } = await accountWithBackup();
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(50));
    await importFile(accountId);
    await writeFile(file, "precious");
    for (const when of ["before", "after"] as const) {
      const hold = proxy.hold({ nth: 1, when, method: "GET", path: KEYS });
      const { job } = await services.roomKeys.export({ accountId, passphrase: TYPED, roomIds: null });
      await hold.reached;
      await waitUntil(async () => (await readdir(folder)).includes("keys.txt.part"), { what: "the file to be begun" });
      await services.jobs.cancel(job!.jobId);
      expect(await ended(job!)).toMatchObject({ status: "cancelled" });
      expect(await readdir(folder)).toEqual(["keys.txt"]);
      expect(await readFile(file, "utf8")).toBe("precious");
      hold.release();
    }
    const hold = proxy.hold({ nth: 1, when: "before", method: "GET", path: KEYS });
    const { job } = services.roomKeys.verifyBackup({ accountId });
    await hold.reached;
    await services.sessions.stopAll();
    expect(await ended(job)).toMatchObject({ status: "failed", error: { kind: "cancelled" } });
  });

  it("fails as a whole when the download breaks off or is no backup, and says why", async () => {
    const { accountId } = await accountWithBackup();
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(50));
    await importFile(accountId);
    await rm(file);
    const { host } = new URL(proxy.baseUrl);
    const cases = [
      [{ kind: "cut" }, { kind: "network", reason: "cut", host }],
      [{ kind: "malformed" }, { kind: "bad_answer", host }],
      [
        { kind: "answer", status: 200, body: "<html>" },
        { kind: "bad_answer", host },
      ],
      [{ kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND", error: "" } }, { kind: "backup_replaced" }],
    ] as const;
    for (const [fault, error] of cases) {
      proxy.addRule({ method: "GET", path: KEYS, fault, when: "after" });
      expect(await exportAll(accountId), fault.kind).toMatchObject({ status: "failed", error });
      expect(await readdir(folder)).toEqual([]);
    }
    proxy.addRule({ method: "GET", path: KEYS, fault: { kind: "rateLimit", retryAfterMs: 100 } });
    proxy.addRule({ method: "GET", path: KEYS, fault: { kind: "reset" }, skip: 1 });
    expect(await exportAll(accountId)).toMatchObject({ status: "done", counts: { exported: 50 } });
  });

  it("goes on when an upload was refused for a while, and ends when the backup was replaced", async () => {
    const { accountId, other } = await accountWithBackup();
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(900));
    proxy.addRule({ method: "PUT", path: KEYS, fault: { kind: "rateLimit", retryAfterMs: 100 } });
    proxy.addRule({ method: "PUT", path: KEYS, fault: { kind: "reset" }, when: "after", skip: 2 });
    expect(resultOf(await importFile(accountId)).counts).toEqual({ new: 900, better: 0, alreadyThere: 0, broken: 0 });
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(20, { room: "!other:example.org" }));
    const hold = proxy.hold({ nth: 1, when: "before", method: "PUT", path: KEYS });
    await services.roomKeys.chooseFile({ accountId });
    const { job } = services.roomKeys.import({ accountId, passphrase: TYPED });
    await hold.reached;
    await other.crypto.resetKeyBackup();
    hold.release();
    expect(await ended(job)).toMatchObject({ status: "failed", error: { kind: "backup_replaced" } });
  });

  it("is refused before it begins: a weak passphrase, no file, no key file, a backup that is locked here", async () => {
    const { user, accountId } = await accountWithBackup();
    const weak = services.roomKeys.export({ accountId, passphrase: secretOf("passphrase", "password1"), roomIds: null });
    expect(await errorOf(weak)).toEqual({ kind: "weak_phrase" });
    const notChosen = Promise.resolve().then(() => services.roomKeys.import({ accountId, passphrase: secretOf("passphrase", "x") }));
    expect(await errorOf(notChosen)).toEqual({ kind: "no_file_chosen" });
    expect(await errorOf(services.roomKeys.chooseFile({ accountId }))).toEqual({ kind: "file_failed", reason: "vanished" });
    await writeFile(file, "hello");
    expect(await errorOf(services.roomKeys.chooseFile({ accountId }))).toEqual({ kind: "not_a_key_file" });
    await truncate(file, 4 * 1024 ** 3);
    expect(await errorOf(services.roomKeys.chooseFile({ accountId }))).toEqual({ kind: "too_large", limitBytes: 2 * 1024 ** 3 });
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(3));
    await services.roomKeys.chooseFile({ accountId });
    await truncate(file, 4 * 1024 ** 3);
    const grown = await ended(services.roomKeys.import({ accountId, passphrase: TYPED }).job);
    expect(grown).toMatchObject({ status: "failed", error: { kind: "too_large" } });
    await writeKeyFile(file, PASSPHRASE, makeRoomKeys(3));
    expect(await importFile(accountId, "wrong")).toMatchObject({ error: { kind: "key_file_wrong_passphrase" } });
    data.keyFile = null;
    expect(await services.roomKeys.export({ accountId, passphrase: TYPED, roomIds: null })).toEqual({ job: null });
    expect(await services.roomKeys.chooseFile({ accountId })).toEqual({ file: null });
    data.keyFile = file;

    const locked = await StewardData.create();
    try {
      locked.keyFile = file;
      services = await locked.open();
      const lockedId = await signInTo(services, user, proxy.baseUrl);
      expect(await services.roomKeys.overview({ accountId: lockedId })).toMatchObject({ backup: "locked" });
      expect(await importFile(lockedId)).toMatchObject({ status: "failed", error: { kind: "backup_locked" } });
      expect(await verify(lockedId)).toMatchObject({ status: "failed", error: { kind: "backup_locked" } });
    } finally {
      await locked.destroy();
    }
  });

  it("that a killed app left behind is removed at the next start", async () => {
    await writeFile(`${file}.part`, "half");
    await writeFile(join(data.folder, "unfinished-files.json"), JSON.stringify({ version: 1, data: { paths: [`${file}.part`] } }));
    await data.open();
    expect(await readdir(folder)).toEqual([]);
  });
});
