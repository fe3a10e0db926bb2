import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Services } from "../../main/services.ts";
import { findHomeserver } from "../../main/sessions/discovery.ts";
import type { Job } from "../../shared/contract/jobs.ts";
import type { AccountId } from "../../shared/ids.ts";
import { Dendrite } from "../support/dendrite.ts";
import { matrixCall } from "../support/matrixApi.ts";
import { secretOf } from "../support/secretValues.ts";
import { replace } from "../support/secureBackupAccounts.ts";
import { openSecureBackup, setUpWithKey, signInTo } from "../support/secureBackupRig.ts";
import { startSdkSession } from "../support/sdkSession.ts";
import { StewardData } from "../support/stewardServices.ts";
import type { TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";

// The main flows on a homeserver that is not Synapse: one account, one step after the other.

const KEY_FILE_PASSPHRASE = "quarrel lantern osprey velvet 1837";

let dendrite: Dendrite | undefined;
let baseUrl: string;
let data: StewardData;
let services: Services;
let folder: string | undefined;
let user: TestUser;
let accountId: AccountId;
let securityKey: string;

beforeAll(async () => {
  data = await StewardData.create();
  dendrite = await Dendrite.start();
  ({ baseUrl } = dendrite);
  folder = await mkdtemp(join(tmpdir(), "steward-dendrite-"));
  data.keyFile = join(folder, "keys.txt");
  services = await data.open();
  user = await dendrite.register({ user: "ada", password: "password of ada" });
}, 300_000);
afterAll(async () => {
  await data.destroy();
  await dendrite?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Answers what the server asks with the password, as a person would. */
async function withPassword<T>(
  work: Promise<T>,
  challenges: Pick<Services["challenges"], "list" | "answer"> = services.challenges,
): Promise<T> {
  let over = false;
  void work.then(
    () => (over = true),
    () => (over = true),
  );
  await waitUntil(() => over || challenges.list().challenges.some(({ status }) => status === "asking"), { what: "a question or the end" });
  const asked = challenges.list().challenges.find(({ status }) => status === "asking");
  if (asked)
    challenges.answer({ challengeId: asked.challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
  return work;
}

async function ended(job: Job): Promise<Job> {
  return waitUntil(() => services.jobs.list().find(({ jobId, status }) => jobId === job.jobId && status !== "running"), {
    what: `the end of ${job.kind}`,
    timeoutMs: 60_000,
  });
}

it("is found, with its password sign-in", async () => {
  const found = await findHomeserver(baseUrl, fetch);
  expect(JSON.stringify(found)).toContain(baseUrl);
  expect(JSON.stringify(found)).toContain("password");
});

it("signs in with a password, and refuses a wrong one", async () => {
  await expect(signInTo(services, { ...user, password: "wrong" }, baseUrl)).rejects.toThrow("wrong_credentials");
  accountId = await signInTo(services, user, baseUrl);
  expect(services.sessions.account(accountId)).toMatchObject({ userId: user.userId, session: { status: "running" } });
});

it("sets up Secure Backup, and reads back that it works", async () => {
  const rig = openSecureBackup(services);
  const { setUp, securityKey: key } = await withPassword(setUpWithKey(rig, accountId), rig.challenges);
  expect(setUp).toMatchObject({ phase: "checked" });
  expect(await services.secureBackup.state({ accountId })).toMatchObject({ diagnosis: "working" });
  securityKey = key;
});

it("unlocks on a second session, which is another client's for the first", async () => {
  const other = await startSdkSession({ baseUrl, ...user });
  try {
    const opened = await other.openBackupWith({ securityKey });
    expect(opened).toMatchObject({ sessionVerified: true, identityKeysHere: true });
    await other.sendRoomKeys(3);
  } finally {
    other.stop();
  }
});

it("exports room keys and imports them again", async () => {
  const { job } = await services.roomKeys.export({ accountId, passphrase: secretOf("passphrase", KEY_FILE_PASSPHRASE), roomIds: null });
  expect(await ended(job!)).toMatchObject({ status: "done", counts: { exported: 3 } });
  expect(await readFile(data.keyFile!, "utf8")).toMatch(/^-----BEGIN MEGOLM SESSION DATA-----/);
  await services.roomKeys.chooseFile({ accountId });
  const imported = await ended(services.roomKeys.import({ accountId, passphrase: secretOf("passphrase", KEY_FILE_PASSPHRASE) }).job);
  expect(imported).toMatchObject({ status: "done" });
});

it("lists, renames and signs out sessions", async () => {
  const { sessions: list } = await services.devices.list({ accountId });
  const others = list.filter(({ thisSession }) => !thisSession);
  expect(others.length).toBeGreaterThan(0);
  const { deviceId } = others[0]!;
  const { sessions: renamed } = await services.devices.rename({ accountId, deviceId, name: "Phone" });
  expect(renamed.find((session) => session.deviceId === deviceId)?.name).toBe("Phone");
  const { sessions: left } = await withPassword(
    services.devices.signOut({ accountId, deviceIds: others.map((session) => session.deviceId) }),
  );
  expect(left.map(({ thisSession }) => thisSession)).toEqual([true]);
});

it("is all there after a restart", async () => {
  await data.close();
  services = await data.open();
  await services.sessions.restoreAll();
  expect(services.sessions.account(accountId).session).toMatchObject({ status: "running" });
  expect(await services.secureBackup.state({ accountId })).toMatchObject({ diagnosis: "working" });
});

it("gets a display name", async () => {
  await services.profile.setDisplayName({ accountId, displayName: "Ada of the Engine" });
  expect(await services.profile.get({ accountId })).toMatchObject({ displayName: "Ada of the Engine" });
});

it("gets a new Secure Backup by a reset, into which its room keys are taken", async () => {
  const rig = openSecureBackup(services);
  const { setUp, securityKey: key } = await withPassword(replace(rig, accountId, "reset"), rig.challenges);
  expect(setUp).toMatchObject({ kind: "reset", phase: "checked" });
  expect(await services.secureBackup.state({ accountId })).toMatchObject({ diagnosis: "working", backup: { keyCount: 3 } });
  expect(key).not.toBe(securityKey);
});

it("gets another password, with which it signs in elsewhere", async () => {
  const newPassword = "nine quiet herons by the mill";
  await withPassword(services.password.change({ accountId, newPassword: secretOf("password", newPassword), signOutOthers: false }));
  user = { ...user, password: newPassword };
  const other = await startSdkSession({ baseUrl, ...user });
  other.stop();
});

it("signs out, and its token with it", async () => {
  const token = await services.sessions.session(accountId).use(async (client) => client.getAccessToken()!);
  expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: true });
  expect((await matrixCall(baseUrl, { path: "/_matrix/client/v3/account/whoami", token })).status).toBe(401);
  expect(services.sessions.list()).toEqual([]);
});

it("is deactivated, and cannot sign in any more", async () => {
  accountId = await signInTo(services, user, baseUrl);
  await withPassword(services.deactivation.confirm({ accountId, typed: user.userId, erase: false }));
  await waitUntil(() => services.sessions.list().length === 0, { what: "the account to be gone from here" });
  await expect(signInTo(services, user, baseUrl)).rejects.toThrow(/wrong_credentials|user_deactivated/);
});
