import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../main/services.ts";
import type { ActionResult, UserAction } from "../../shared/contract/userActions.ts";
import type { UserFilter } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import { BulkRig, usersOf } from "../support/bulkRig.ts";
import { errorOf } from "../support/errorOf.ts";
import { makePng } from "../support/png.ts";
import { StewardData } from "../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";

// What an admin does, on a Synapse that nobody has updated for long: every endpoint that is used.

const ADMIN = { user: "boss", password: "the boss of it all", admin: true };

let synapse: Synapse;
let data: StewardData;
let rig: BulkRig;
let services: Services;
let accountId: AccountId;
let user: TestUser;
let count = 0;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "older.test", older: true });
  synapse.makeProfileIndex();
  data = await StewardData.create();
  rig = await BulkRig.open(data, await synapse.register(ADMIN), synapse.baseUrl);
  ({ services, accountId } = rig);
}, 300_000);
afterAll(async () => {
  await data?.destroy();
  await synapse?.stop();
});
beforeEach(async () => {
  user = await synapse.register({ user: `ann${(count += 1)}`, password: "a password", displayName: "Ann" });
});

const one = () => ({ accountId, userId: user.userId });
const everybody: UserFilter = { search: "", kind: "current", seen: "any", withoutHidden: false, sort: "name", descending: false };
const found = async (filter: Partial<UserFilter>): Promise<string[]> =>
  (await services.users.list({ accountId, filter: { ...everybody, ...filter }, from: null })).rows.map(({ userId }) => userId);
const preview = (action: UserAction) => services.userActions.preview({ ...one(), action });

async function act(action: UserAction, displayName: string | null = null): Promise<ActionResult> {
  const { token, refusal, typed } = await preview(action);
  expect(refusal, action).toBeNull();
  const setsPassword = action === "reset_password" || action === "reactivate" || action === "help";
  const password = setsPassword ? { kind: "generated" as const } : { kind: "none" as const };
  const more = { signOutSessions: false, allowIdentityReset: false, displayName };
  return services.userActions.perform({ accountId, token: token!, typed: typed ? user.userId : "", password, ...more });
}

it("tells its version, and who is an admin", async () => {
  const access = await services.administration.checkAccess({ accountId });
  expect(access).toMatchObject({ status: "admin", version: expect.stringMatching(/^1\.120\./) as string, delegatedAuth: false });
});

it("lists its users, of each kind those alone", async () => {
  await act("lock");
  expect(await found({ kind: "locked" })).toEqual([user.userId]);
  expect(await found({ kind: "active", search: user.user })).toEqual([]);
  expect(await found({ kind: "admins", search: "boss" })).toEqual(["@boss:older.test"]);
  expect(await found({ kind: "suspended" })).toEqual([]);
  await act("unlock");
  await act("shadow_ban");
  expect(await found({ kind: "shadowBanned" })).toEqual([user.userId]);
  await act("lift_shadow_ban");
  await act("deactivate");
  expect(await found({ kind: "deactivated", search: user.user })).toEqual([user.userId]);
});

it("says that it cannot suspend, before anything is sent: to one user, and to many", async () => {
  expect(await services.users.get(one())).toMatchObject({ suspended: null });
  expect(await preview("suspend")).toMatchObject({ refusal: "not_supported", token: null });
  const draft = await rig.chooseFile("suspend", `id\n${user.user}\n`);
  expect(draft).toMatchObject({ status: "failed", error: { kind: "admin_api_lacks", host: "older.test" } });
});

it("makes a user with all that belongs to them, and changes one thing at a time", async () => {
  const wanted = {
    displayName: "Ann O’Nym",
    emails: ["new@mail.example"],
    externalIds: [{ provider: "oidc-x", id: "new" }],
    admin: false,
    userType: null,
    startsAs: "active" as const,
  };
  const picture = { image: new Uint8Array(makePng(4, 4)), mimeType: "image/png" } as const;
  const made = await services.newUsers.create({
    accountId,
    user: { username: "new", ...wanted, picture, password: { kind: "generated" } },
  });
  expect(made).toMatchObject({
    status: "created",
    missing: [],
    user: { displayName: "Ann O’Nym", threepids: [{ address: "new@mail.example" }] },
  });
  const again = await services.newUsers.create({
    accountId,
    user: { username: "other", ...wanted, externalIds: [], picture: null, password: { kind: "generated" } },
  });
  expect(again).toMatchObject({ status: expect.not.stringMatching("created") as string });
  const changed = await services.users.change({
    ...one(),
    seen: { displayName: "Ann" },
    changes: { displayName: "Ann of the post office" },
  });
  expect(changed).toMatchObject({ displayName: "Ann of the post office", admin: false });
  const threepid = { medium: "email" as const, address: "ann@mail.example" };
  expect(await services.users.addThreepid({ ...one(), threepid, seen: [] })).toMatchObject({ user: { threepids: [threepid] } });
});

it("sets passwords, lets an identity be replaced, deactivates, erases and reactivates", async () => {
  expect(await act("reset_password")).toMatchObject({ status: "done" });
  expect(await act("allow_new_identity")).toMatchObject({ status: "no_identity" });
  expect(await act("help")).toMatchObject({ status: "done", identity: null });
  expect(await act("deactivate")).toMatchObject({ status: "done", roomsLeft: 0, user: { deactivated: true, erased: false } });
  expect(await act("erase")).toMatchObject({ status: "done", user: { erased: true } });
  expect(await act("reactivate", "Ann again")).toMatchObject({
    status: "done",
    nameLost: false,
    user: { deactivated: false, displayName: "Ann again" },
  });
});

it("tells what it keeps of a user, and changes what of it can be changed", async () => {
  const { userServerData } = services;
  const features = await userServerData.features(one());
  const id = features.features[0]!.id;
  expect((await userServerData.setFeature({ ...one(), id, enabled: true })).features).toContainEqual({ id, enabled: true });
  const limit = { messagesPerSecond: 3, burstCount: 7 };
  expect(await userServerData.setRateLimit({ ...one(), limit })).toEqual({ limit });
  expect(await userServerData.pushers(one())).toEqual({ pushers: [] });
  expect(await userServerData.connections(one())).toEqual({ connections: [] });
  expect(await userServerData.accountData(one())).toEqual({ entries: [], total: 0 });
  expect(await userServerData.media(one())).toMatchObject({ count: 0 });
  expect(await userServerData.consent(one())).toEqual({ version: null, at: null });
  expect(await errorOf(userServerData.otherRooms(one()))).toMatchObject({ kind: "admin_api_lacks" });
  expect(await userServerData.roomActivity(one())).toEqual({ invitesSent: null, roomsJoined: null });
  expect(await services.users.rooms(one())).toMatchObject({ rooms: [] });
  await synapse.login(user.user, user.password, { displayName: "A phone" });
  const { devices } = await services.users.devices(one());
  expect(devices.map(({ name }) => name)).toEqual(["A phone"]);
});

it("makes registration tokens, and removes them", async () => {
  const { made } = await services.registrationTokens.create({
    accountId,
    name: null,
    length: 16,
    count: 2,
    usesAllowed: 1,
    expiresAt: null,
  });
  expect(await services.registrationTokens.list({ accountId })).toMatchObject({
    status: "known",
    tokens: [{ usesAllowed: 1 }, { usesAllowed: 1 }],
  });
  for (const token of made) await services.registrationTokens.remove({ accountId, token });
  expect(await services.registrationTokens.list({ accountId })).toMatchObject({ tokens: [] });
});

it("does to many what a file says", async () => {
  const names = Array.from({ length: 6 }, (_, at) => `many${at}`);
  const create = await rig.chooseFile("create", `id,displayname\n${names.map((name) => `${name},The ${name}`).join("\n")}\n`);
  expect((await rig.until(await rig.start(create), "done")).counts).toEqual({ done: 6 });
  for (const action of ["change", "reset_passwords", "lock", "unlock", "sign_out", "delete_media", "deactivate", "reactivate"] as const) {
    const draft = await rig.chooseFile(action, `id,displayname\n${names.map((name) => `${name},New ${name}`).join("\n")}\n`);
    expect(draft.error, action).toBeNull();
    // Nobody of them is signed in, and nothing was uploaded.
    const hasNothing = action === "sign_out" || action === "delete_media";
    expect(draft, action).toMatchObject(hasNothing ? { ready: 0, skipped: 6 } : { ready: 6, skipped: 0 });
    if (!hasNothing) expect((await rig.until(await rig.start(draft), "done")).counts, action).toEqual({ done: 6 });
  }
  expect(await usersOf(synapse)).toEqual(expect.arrayContaining(names.map((name) => `@${name}:older.test`)));
});
