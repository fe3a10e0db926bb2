import { cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { installCryptoStores } from "../../../main/cryptoStore/index.ts";
import type { RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { cryptoMachineOf } from "../../../main/sdk/cryptoInternals.ts";
import type { Services } from "../../../main/services.ts";
import { openCryptoMachine } from "../../../main/sdk/olmMachine.ts";
import { Folders } from "../../../main/storage/folders.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { silent, someAccount } from "../../support/cryptoFolder.ts";
import { killDuring } from "../../support/killedWork.ts";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { sample } from "../../support/seed.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

/** Several pieces of what is read at once, and enough that a stop or a kill comes in the middle. */
const KEYS = makeRoomKeys(sample(1030, 20_030));

let synapse: Synapse;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let oldDevice: string;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account with room keys that are nowhere else, whose device another session has removed. */
beforeEach(
  async () => {
    data = await StewardData.create();
    services = await data.open();
    user = await synapse.register({ user: `user${(users += 1)}`, password: `password ${users}` });
    accountId = await signInTo(services, user, synapse.baseUrl);
    oldDevice = services.sessions.account(accountId).deviceId;
    await services.sessions.session(accountId).use(async (client) => {
      (await cryptoMachineOf(client).importExportedRoomKeys(JSON.stringify(KEYS), () => undefined)).free();
    });
    await synapse.removeDevice(user, oldDevice);
    await waitUntil(isLoggedOut, { what: "the account to notice", timeoutMs: 40_000 });
  },
  sample(60_000, 600_000),
);
afterEach(() => data.destroy());

const isLoggedOut = (): boolean => services.sessions.account(accountId).session.status === "softLoggedOut";
const foldersOf = (folder = data.folder) => new Folders(folder).account(accountId);

/** The account runs on a device of its own with all its room keys, and nothing is left of the other. */
async function expectMoved(where = { services, folder: data.folder }): Promise<void> {
  const account = where.services.sessions.account(accountId);
  expect(account.session.status).toBe("running");
  expect(account.deviceId).not.toBe(oldDevice);
  const session = where.services.sessions.session(accountId);
  expect(session.details).toMatchObject({ deviceId: account.deviceId, hasRun: true });
  const { device, keys } = await session.use(async (client) => ({
    device: (await client.whoami()).device_id,
    keys: (await client.getCrypto()!.exportRoomKeys()) as unknown as RoomKey[],
  }));
  expect(device).toBe(account.deviceId);
  const texts = (some: RoomKey[]): string[] => some.map(({ session_key: key }) => key).sort();
  expect(texts(keys)).toEqual(texts(KEYS));
  expect(await storesIn(foldersOf(where.folder).root)).toEqual(["crypto", "vault"]);
}

/** What holds keys and secrets in an account's folder. Which sessions are known is noted beside it when their list is read. */
async function storesIn(root: string): Promise<string[]> {
  return (await readdir(root)).filter((name) => !/^(?:known-sessions|activity)\.json/.test(name)).sort();
}

/** As when the app is started again. */
async function restart(): Promise<void> {
  await data.close();
  services = await data.open();
  await services.sessions.restoreAll();
}

/** Resolves when some room keys, and not all, are in the store that is being filled. */
async function halfFilled(): Promise<void> {
  await waitUntil(async () => (await bytesIn(foldersOf().nextCrypto)) > 150_000, { what: "keys to go over", everyMs: 2 });
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name))
      .then(({ size }) => size)
      .catch(() => 0),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe("an account whose device was removed", () => {
  it("takes all room keys along to its new device, also over a restart", async () => {
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    await expectMoved();
    await restart();
    await expectMoved();
  });

  it("keeps the store of the old device, and what opens it, when a room key does not come over", async () => {
    const left = KEYS[7]!;
    const { importExportedRoomKeys } = OlmMachine.prototype;
    const importing = vi.spyOn(OlmMachine.prototype, "importExportedRoomKeys");
    importing.mockImplementation(function (this: OlmMachine, json, listener) {
      const some = (JSON.parse(json) as RoomKey[]).filter(({ session_key: key }) => key !== left.session_key);
      return importExportedRoomKeys.call(this, JSON.stringify(some), listener);
    });
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    importing.mockRestore();
    expect(services.sessions.account(accountId)).toMatchObject({ session: { status: "running" }, roomKeysSetAside: 1 });
    expect(await storesIn(foldersOf().root)).toEqual(["crypto", "set-aside", "vault"]);
    const [moment] = await readdir(foldersOf().setAside);
    const kept = join(foldersOf().setAside, moment!, "crypto");
    const store = await installCryptoStores(silent).mount(someAccount, kept, { mustExist: true });
    const storageKey = await services.sessions.session(accountId).readStorageKey();
    const [{ userId }, { databasePrefix }] = [user, store];
    const machine = await openCryptoMachine({ userId, deviceId: oldDevice, storageKey, databasePrefix });
    const inIt = JSON.parse(await machine.exportRoomKeys((key) => (key.free(), true))) as RoomKey[];
    machine.close();
    await store.close();
    expect(inIt).toHaveLength(KEYS.length);
    expect(inIt.map(({ session_key: key }) => key)).toContain(left.session_key);
  });

  it("does not take the crypto machine's word: a key that opens less there is set aside, told of, and gone with the account", async () => {
    const left = KEYS[7]!;
    const { importExportedRoomKeys } = OlmMachine.prototype;
    const importing = vi.spyOn(OlmMachine.prototype, "importExportedRoomKeys");
    importing.mockImplementation(function (this: OlmMachine, json, listener) {
      const some = (JSON.parse(json) as RoomKey[]).map((key) =>
        key.session_key === left.session_key ? makeRoomKey(7, { firstIndex: 3 }) : key,
      );
      return importExportedRoomKeys.call(this, JSON.stringify(some), listener);
    });
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    importing.mockRestore();
    const account = () => services.sessions.account(accountId);
    expect(account()).toMatchObject({ session: { status: "running" }, roomKeysSetAside: 1 });
    expect(await storesIn(foldersOf().root)).toEqual(["crypto", "set-aside", "vault"]);
    await restart();
    expect(account()).toMatchObject({ session: { status: "running" }, roomKeysSetAside: 1 });
    await services.sessions.signOut(accountId);
    expect(await readdir(foldersOf().root).catch(() => [])).toEqual([]);
    accountId = await signInTo(services, user, synapse.baseUrl);
    expect(account()).not.toHaveProperty("roomKeysSetAside");
  });

  it("loses no room key when it is stopped in the middle, and moves when it is done again", async () => {
    const moving = errorOf(services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password)));
    await halfFilled();
    await services.sessions.session(accountId).stop();
    expect(await moving).toEqual({ kind: "cancelled" });
    await waitUntil(isLoggedOut, { what: "the account to ask again" });
    expect(services.sessions.account(accountId).deviceId).toBe(oldDevice);
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    await expectMoved();
  });

  it("loses no room key when it is killed in the middle, and moves when it is done again", async () => {
    const point = () => ({ reached: halfFilled(), release: () => undefined });
    const { reached } = await killDuring({ data, accountId, user }, { kind: "sign_in_again" }, point);
    expect(reached).toBe(true);
    await restart();
    expect(isLoggedOut()).toBe(true);
    expect(services.sessions.account(accountId).deviceId).toBe(oldDevice);
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    await expectMoved();
  });

  it("is on its new device once that counts, wherever it was cut off after that", async () => {
    const moments = await snapshotsOfMove();
    expect(moments.map(({ what }) => what)).toEqual(["new device kept", "device in the index", "settled"]);
    for (const { folder } of moments) {
      const copy = await StewardData.create();
      try {
        await cp(folder.folder, copy.folder, { recursive: true });
        for (const [name, value] of data.keychain.entries) copy.keychain.entries.set(name, value);
        const started = await copy.open();
        await started.sessions.restoreAll();
        await expectMoved({ services: started, folder: copy.folder });
      } finally {
        await copy.destroy();
        await folder.destroy();
      }
    }
  });
});

/** The data folder as SIGKILL would leave it after each thing that is written down while the move takes effect. */
async function snapshotsOfMove(): Promise<{ what: string; folder: StewardData }[]> {
  const moments: { what: string; folder: StewardData }[] = [];
  const keep = async (what: string): Promise<void> => {
    const folder = await StewardData.create();
    await cp(data.folder, folder.folder, { recursive: true });
    moments.push({ what, folder });
  };
  const { secretStore, index } = services;
  const [updateSecrets, updateIndex] = [secretStore.update.bind(secretStore), index.update.bind(index)];
  secretStore.update = async (id, change) => {
    const secrets = await updateSecrets(id, change);
    await keep(secrets.newDevice === null ? "settled" : "new device kept");
    return secrets;
  };
  index.update = async (id, change) => {
    const entry = await updateIndex(id, change);
    if (entry.deviceId !== oldDevice && moments.length === 1) await keep("device in the index");
    return entry;
  };
  await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
  await data.close();
  return moments;
}
