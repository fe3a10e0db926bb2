import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EndedAccounts } from "../../../main/account/deactivation/endedAccounts.ts";
import { Jobs } from "../../../main/jobs/jobs.ts";
import { KeptJobs } from "../../../main/jobs/keptJobs.ts";
import { installCryptoStores } from "../../../main/cryptoStore/index.ts";
import { PendingSetUps } from "../../../main/encryption/pendingSetUp.ts";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import { AccountIndex } from "../../../main/storage/accountIndex.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { JsonFile } from "../../../main/storage/jsonFile.ts";
import { SettingsFile } from "../../../main/storage/settingsFile.ts";
import { UnfinishedFiles } from "../../../main/storage/unfinishedFiles.ts";
import { AccountId } from "../../../shared/ids.ts";
import { readState, stateAfter } from "../../support/cryptoStoreLoad.ts";
import { openDatabase } from "../../support/indexedDb.ts";
import { MemoryKeychain } from "../../support/memoryKeychain.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { plainSecrets, secretOf, securityKeyBytes } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const STORED = join(import.meta.dirname, "../../vectors/stored");
const versions = (await readdir(STORED, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
const ada = AccountId.parse("abcdefgh01234567");
const grace = AccountId.parse("abcdefgh76543210");

const onDamaged = (damaged: unknown): never => {
  throw new Error(`not understood: ${JSON.stringify(damaged)}`);
};

let copy: Awaited<ReturnType<typeof temporaryFolder>>;
let folders: Folders;

describe.each(versions)("what %s has left", (version) => {
  beforeEach(async () => {
    copy = await temporaryFolder("stored");
    await cp(join(STORED, version), copy.path, { recursive: true });
    folders = new Folders(copy.path);
    await folders.prepare();
  });
  afterEach(() => copy.remove());

  it("lists the accounts", async () => {
    const index = new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: onDamaged });
    expect(await index.load()).toMatchObject([
      {
        accountId: ada,
        userId: "@ada:example.org",
        deviceId: "ABCDEFGHIJ",
        homeserver: { serverName: "example.org", baseUrl: "https://matrix.example.org" },
        displayName: "Ada",
        avatar: { mxc: "mxc://example.org/picture", hash: "0123456789abcdef" },
        health: { secureBackup: "working" },
        hasRun: true,
        createdAt: 1_780_000_000_000,
      },
      { accountId: grace, userId: "@grace:example.org", displayName: null, hasRun: false },
    ]);
  });

  it("has the settings and the window's place", async () => {
    const settings = new SettingsFile({ path: folders.settingsFile, onDamaged });
    expect(await settings.settings()).toMatchObject({ theme: "dark" });
    expect(await settings.windowBounds()).toMatchObject({ x: 10, y: 20, width: 1100, height: 760, zoomFactor: 1.25 });
  });

  it("has the jobs, of which one was cut off", async () => {
    const file = new JsonFile({ path: folders.jobsFile, schema: KeptJobs, version: 1, onDamaged });
    const jobs = new Jobs({ file, emit: () => undefined, logger: quietLogger });
    await jobs.load();
    expect(jobs.list()).toMatchObject([
      { kind: "verify_backup", status: "interrupted" },
      { kind: "export_room_keys", status: "done", counts: { keys: 412 } },
    ]);
  });

  it("has the secrets, under the keychain and under the passphrase, and a reset to be finished", async () => {
    const keychain = new MemoryKeychain();
    const keys = JSON.parse(await readFile(join(copy.path, "keychain.json"), "utf8")) as Record<string, string>;
    for (const [name, value] of Object.entries(keys)) await keychain.set(name, value);
    const { protection, store } = await openSecrets({ folders, onDamaged, log: quietLogger, keychain });
    expect(protection.state().protection).toBe("passphrase");
    expect(await store.read(grace)).toMatchObject({ kind: "unreadable", reason: "passphrase_needed" });
    await protection.unlock({ passphrase: secretOf("passphrase", "correct horse battery staple 42") });
    const [ofAda, ofGrace] = [await store.read(ada), await store.read(grace)];
    expect([ofAda.kind, ofGrace.kind]).toEqual(["found", "found"]);
    const storageKey = Buffer.alloc(32, 7).toString("base64");
    const texts = [ofAda, ofGrace].map((read) => (read.kind === "found" ? JSON.stringify(plainSecrets(read.secrets)) : ""));
    for (const [at, token] of ["syt_token_of_ada", "syt_token_of_grace"].entries()) {
      expect(texts[at]).toContain(token);
      expect(texts[at]).toContain(storageKey);
    }
    expect(await new PendingSetUps(store).read(ada)).toMatchObject({
      kind: "reset",
      method: "phrase",
      keyId: "6j4Dge4MP70-gR5jIsHFNyZ4FKJIgIVF",
      key: securityKeyBytes(Buffer.alloc(32, 9)),
      replaces: { keyId: "old", master: null, backupVersion: "3" },
      done: ["identity"],
    });
  });

  it("tells of the accounts that were deactivated", async () => {
    const ended = new EndedAccounts({ path: folders.endedAccountsFile, onDamaged });
    expect(await ended.list()).toEqual([
      { userId: "@old:example.org", erased: true, at: 1_780_000_000_000, foundOutLater: false, unboundEverywhere: null },
      { userId: "@older:example.org", erased: false, at: 1_770_000_000_000, foundOutLater: true, unboundEverywhere: true },
    ]);
  });

  it("has the crypto store", async () => {
    const mounted = await installCryptoStores(quietLogger).mount(ada, folders.account(ada).crypto, { mustExist: true });
    try {
      const database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`);
      expect(await readState(database)).toEqual(stateAfter(12));
    } finally {
      await mounted.close();
    }
  });

  it("knows which files outside were not finished", async () => {
    const left = join(copy.path, "keys.txt.part");
    await writeFile(left, "half");
    const text = await readFile(folders.unfinishedFilesFile, "utf8");
    expect(text).toContain("/nowhere/keys.txt.part");
    await writeFile(folders.unfinishedFilesFile, text.replace("/nowhere/keys.txt.part", left));
    await new UnfinishedFiles({ path: folders.unfinishedFilesFile, onDamaged }).removeLeftovers();
    expect(await readdir(copy.path)).not.toContain("keys.txt.part");
  });

  it("keeps what a later version has added, when this one writes", async () => {
    const add = async (path: string, change: (data: Record<string, unknown>) => void): Promise<void> => {
      const file = JSON.parse(await readFile(path, "utf8")) as { data: Record<string, unknown> };
      change(file.data);
      await writeFile(path, JSON.stringify(file));
    };
    await add(folders.accountIndexFile, (data) => {
      data["later"] = 1;
      Object.assign((data["accounts"] as object[])[0] as object, { later: { of: "ada" } });
    });
    await add(folders.settingsFile, (data) => {
      data["later"] = 2;
    });
    await add(folders.endedAccountsFile, (data) => {
      data["later"] = 3;
      Object.assign((data["ended"] as object[])[1] as object, { later: { of: "older" } });
    });
    const index = new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: onDamaged });
    await index.load();
    await index.update(ada, (entry) => ({ ...entry, displayName: "Ada Lovelace", deviceId: "NEXT" }));
    await index.settled();
    const settings = new SettingsFile({ path: folders.settingsFile, onDamaged });
    await settings.updateSettings({ theme: "light" });
    const read = async (path: string): Promise<unknown> => (JSON.parse(await readFile(path, "utf8")) as { data: unknown }).data;
    expect(await read(folders.accountIndexFile)).toMatchObject({
      later: 1,
      accounts: [{ deviceId: "NEXT", later: { of: "ada" } }, { accountId: grace }],
    });
    const again = new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: onDamaged });
    expect((await again.load())[0]).toMatchObject({ displayName: "Ada Lovelace", health: { secureBackup: "working" } });
    await new EndedAccounts({ path: folders.endedAccountsFile, onDamaged }).forget("@old:example.org");
    expect(await read(folders.endedAccountsFile)).toMatchObject({
      later: 3,
      ended: [{ userId: "@older:example.org", later: { of: "older" } }],
    });
    expect(await read(folders.settingsFile)).toMatchObject({ later: 2, settings: { theme: "light" } });
  });
});
