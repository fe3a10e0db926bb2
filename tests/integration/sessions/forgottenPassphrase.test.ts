import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { Folders } from "../../../main/storage/folders.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PASSPHRASE = "zebra mango flywheel outpost";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let ada: { user: TestUser; id: AccountId; device: string };
let bob: typeof ada;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

async function signIn(): Promise<typeof ada> {
  const user = await synapse.register({ user: `user${(users += 1)}`, password: `password ${users}` });
  const id = await signInTo(services, user, synapse.baseUrl);
  return { user, id, device: services.sessions.account(id).deviceId };
}

/** As when the app is started again. */
async function restart(): Promise<void> {
  await data.close();
  services = await data.open();
  await services.sessions.restoreAll();
}

/** Two accounts behind a passphrase, and a start at which nobody gives it; the keychain works by now. */
beforeEach(async () => {
  data = await StewardData.create();
  data.keychain.problem = "unreachable";
  services = await data.open();
  await services.secrets.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
  [ada, bob] = [await signIn(), await signIn()];
  data.keychain.problem = null;
  await restart();
}, 60_000);
afterEach(() => data.destroy());

const sessionOf = (id: AccountId) => services.sessions.account(id).session;
const foldersOf = (id: AccountId, folder = data.folder) => new Folders(folder).account(id);
const deviceKeysOf = (id: AccountId) => services.sessions.session(id).use((client) => client.getCrypto()!.getOwnDeviceKeys());

const runs = (id: AccountId): Promise<unknown> =>
  waitUntil(() => sessionOf(id).status === "running", { what: "the session to run", timeoutMs: 20_000 });

/** Every file below a folder with its content, by its name alone. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async (file) => [file.name, await readFile(join(file.parentPath, file.name), "base64")] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** What was set aside of an account, folder by folder. */
async function setAside(id: AccountId, folder = data.folder): Promise<string[]> {
  const path = foldersOf(id, folder).setAside;
  const times = await readdir(path);
  return (await Promise.all(times.map((time) => readdir(join(path, time))))).flat().sort();
}

async function devicesOnServer({ user }: typeof ada): Promise<string[]> {
  const { accessToken: token, deviceId } = await synapse.login(user.user, user.password);
  const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token });
  await synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
  return (devices as { device_id: string }[]).map(({ device_id: id }) => id).filter((id) => id !== deviceId);
}

describe("accounts behind a forgotten passphrase", () => {
  it("wait while it may still be given: nobody's password is sent anywhere", async () => {
    expect(sessionOf(ada.id)).toMatchObject({ status: "locked", error: { kind: "secrets_locked" } });
    // The server would say that it is wrong.
    expect(await errorOf(services.passwordSignIns.signInAgain(ada.id, secretOf("password", "wrong")))).toEqual({ kind: "secrets_locked" });
    await services.secrets.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await runs(ada.id);
  });

  it("say so, sign in again with a new device, and lose nothing of the one before", async () => {
    await services.secrets.forgetPassphrase();
    await waitUntil(() => sessionOf(ada.id).error?.kind === "passphrase_forgotten", { what: "the account to say so" });
    const { vault, crypto, setAside: asideFolder } = foldersOf(ada.id);
    const before = { ...(await contents(vault)), ...(await contents(crypto)) };
    expect(await errorOf(services.passwordSignIns.signInAgain(ada.id, secretOf("password", "wrong")))).toEqual({
      kind: "wrong_credentials",
    });
    expect({ ...(await contents(vault)), ...(await contents(crypto)) }).toEqual(before);

    await services.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
    const { deviceId, session } = services.sessions.account(ada.id);
    expect(session.status).toBe("running");
    expect(deviceId).not.toBe(ada.device);
    expect((await devicesOnServer(ada)).sort()).toEqual([ada.device, deviceId].sort());
    expect(await setAside(ada.id)).toEqual(["crypto", "secrets.sealed"]);
    expect(await contents(asideFolder)).toEqual(before);
    expect(sessionOf(bob.id).error).toEqual({ kind: "passphrase_forgotten" });

    await restart();
    expect(services.sessions.account(ada.id)).toMatchObject({ deviceId, session: { status: "running" } });
    // From here on it is an account like any other.
    await synapse.removeDevice(ada.user, deviceId);
    await waitUntil(() => sessionOf(ada.id).status === "softLoggedOut", { what: "the server's word", timeoutMs: 40_000 });
    await services.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
    expect(sessionOf(ada.id).status).toBe("running");
    await services.sessions.signOut(ada.id);
    expect(await readdir(join(data.folder, "accounts"))).toEqual([bob.id]);
  }, 90_000);

  it("come back with their device when it is remembered, beside those that have signed in again", async () => {
    await services.secrets.forgetPassphrase();
    await services.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
    const keys = await deviceKeysOf(ada.id);
    expect(await errorOf(services.secrets.recallPassphrase({ passphrase: secretOf("passphrase", "not that one") }))).toEqual({
      kind: "wrong_passphrase",
    });
    await services.secrets.recallPassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await runs(bob.id);
    expect(services.sessions.account(bob.id).deviceId).toBe(bob.device);
    expect(await deviceKeysOf(ada.id)).toEqual(keys);
    await restart();
    expect(sessionOf(ada.id).status).toBe("running");
    expect(sessionOf(bob.id).error).toEqual({ kind: "secrets_locked" });
    await services.secrets.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await runs(bob.id);
  });

  it("can sign in again wherever that was cut off, and lose nothing", async () => {
    await services.secrets.forgetPassphrase();
    const before = { ...(await contents(foldersOf(ada.id).vault)), ...(await contents(foldersOf(ada.id).crypto)) };
    const moments = await snapshotsOfSignIn();
    expect(moments.map(({ what }) => what)).toEqual(["vault set aside", "device in the index", "secrets written"]);
    for (const { what, folder } of moments) {
      const copy = await StewardData.create();
      try {
        await cp(folder.folder, copy.folder, { recursive: true });
        for (const [name, value] of folder.keychain.entries) copy.keychain.entries.set(name, value);
        const started = await copy.open();
        await started.sessions.restoreAll();
        const begun = started.sessions.account(ada.id).session;
        if (what === "secrets written") expect(begun.status).toBe("running");
        else {
          expect(begun.error).toEqual({ kind: "secret_missing" });
          await started.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
          expect(started.sessions.account(ada.id).session.status).toBe("running");
        }
        expect(await setAside(ada.id, copy.folder)).toEqual(["crypto", "secrets.sealed"]);
        expect(await contents(foldersOf(ada.id, copy.folder).setAside)).toEqual(before);
      } finally {
        await copy.destroy();
        await folder.destroy();
      }
    }
  }, 90_000);

  it("are signed in again once when asked twice at the same moment", async () => {
    await services.secrets.forgetPassphrase();
    const again = () => services.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
    const update = services.index.update.bind(services.index);
    const second = new Promise<unknown>((resolve) => {
      services.index.update = async (...given) => {
        services.index.update = update;
        // In the middle of the first: its old secrets are set aside, and its new ones are not written.
        const settled = errorOf(again());
        resolve(settled);
        await settled;
        return update(...given);
      };
    });
    await again();
    expect(await second).toEqual({ kind: "conversation_over" });
    await runs(ada.id);
    const { deviceId } = services.sessions.account(ada.id);
    expect((await devicesOnServer(ada)).sort()).toEqual([ada.device, deviceId].sort());
  });
});

describe("an account of the keychain", () => {
  it("starts when that opens, also while the passphrase of others is still asked for", async () => {
    await data.destroy();
    data = await StewardData.create();
    services = await data.open();
    const inKeychain = await signIn();
    await data.close();
    data.keychain.problem = "locked";
    services = await data.open();
    await services.secrets.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    const behindPassphrase = await signIn();
    await restart();
    const states = () => [inKeychain, behindPassphrase].map(({ id }) => sessionOf(id).status);
    expect(states()).toEqual(["locked", "locked"]);
    data.keychain.problem = null;
    expect(await services.secrets.retryKeychain()).toMatchObject({ locked: true, keychainProblem: null });
    await runs(inKeychain.id);
    expect(states()).toEqual(["running", "locked"]);
  });
});

/** The data folder and the keychain as SIGKILL would leave it after each thing that is written down while an account begins anew. */
async function snapshotsOfSignIn(): Promise<{ what: string; folder: StewardData }[]> {
  const moments: { what: string; folder: StewardData }[] = [];
  const keep = async (what: string): Promise<void> => {
    const folder = await StewardData.create();
    await cp(data.folder, folder.folder, { recursive: true });
    for (const [name, value] of data.keychain.entries) folder.keychain.entries.set(name, value);
    moments.push({ what, folder });
  };
  const { secretStore, index } = services;
  const [aside, update, write] = [secretStore.setAside.bind(secretStore), index.update.bind(index), secretStore.write.bind(secretStore)];
  secretStore.setAside = async (...given) => {
    await aside(...given);
    await keep("vault set aside");
  };
  index.update = async (...given) => {
    const entry = await update(...given);
    if (moments.length === 1) await keep("device in the index");
    return entry;
  };
  secretStore.write = async (...given) => {
    const place = await write(...given);
    await keep("secrets written");
    return place;
  };
  await services.passwordSignIns.signInAgain(ada.id, secretOf("password", ada.user.password));
  await data.close();
  return moments;
}
