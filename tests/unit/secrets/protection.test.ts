import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KeychainDone, KeychainGet, KeychainProblem, SystemKeychain } from "../../../main/secrets/keychain.ts";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { initialSecrets } from "../../../main/sessions/initialSecrets.ts";
import { Folders, makePrivateFolder } from "../../../main/storage/folders.ts";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken, secretBytesOf, secretOf } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const ADA = AccountId.parse("ada0000000000000");
const BOB = AccountId.parse("bob0000000000000");
const PASSPHRASE = "zebra mango flywheel outpost";

/** A keychain whose mood the test sets. */
class MoodyKeychain implements SystemKeychain {
  readonly entries = new Map<string, string>();
  problem: KeychainProblem | null = null;
  sets = 0;
  asked = 0;
  #late: (() => void)[] = [];

  get(name: string): Promise<KeychainGet> {
    if (this.problem !== null) return Promise.resolve({ kind: "failed", problem: this.problem });
    const value = this.entries.get(name);
    return Promise.resolve(value === undefined ? { kind: "absent" } : { kind: "found", value });
  }
  set(name: string, value: string): Promise<KeychainDone> {
    if (this.problem !== null) return Promise.resolve({ kind: "failed", problem: this.problem });
    this.sets += 1;
    this.entries.set(name, value);
    return Promise.resolve({ kind: "done" });
  }
  remove(name: string): Promise<KeychainDone> {
    if (this.problem !== null) return Promise.resolve({ kind: "failed", problem: this.problem });
    this.entries.delete(name);
    return Promise.resolve({ kind: "done" });
  }
  status(): Promise<KeychainProblem | null> {
    return Promise.resolve(this.problem);
  }
  askToUnlock(): Promise<KeychainProblem | null> {
    this.asked += 1;
    return Promise.resolve(this.problem);
  }
  onLateAnswer(listener: () => void): void {
    this.#late.push(listener);
  }
  answerLate(): void {
    for (const listener of this.#late) listener();
  }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let keychain: MoodyKeychain;

beforeEach(async () => {
  folder = await temporaryFolder("protection");
  keychain = new MoodyKeychain();
});
afterEach(() => folder.remove());

async function open() {
  const folders = new Folders(folder.path);
  await folders.prepare();
  const { protection, store } = await openSecrets({
    folders,
    keychain,
    log: quietLogger,
    onDamaged: () => undefined,
    scryptCost: { N: 2 ** 10, r: 8, p: 1 },
  });
  const changes: SecretsState[] = [];
  protection.onChange((state) => changes.push(state));
  return { folders, protection, store, changes };
}

const secretsOf = (token: string): AccountSecrets => ({
  ...initialSecrets({ accessToken: accessToken(token) }),
  storageKey: secretBytesOf("storage key", Buffer.alloc(32, 7)),
});

describe("SecretsProtection", () => {
  it("waits for a locked keychain without being asked, and tells when its dialog was answered late", async () => {
    await (await open()).store.write(ADA, secretsOf("one"));
    keychain.problem = "locked";
    const { protection, store, changes } = await open();
    await waitUntil(() => keychain.asked === 1, { what: "the dialog" });
    expect(protection.state()).toEqual({ protection: "keychain", locked: true, keychainProblem: "locked" });
    expect(await store.read(ADA)).toEqual({ kind: "unreadable", reason: "keychain_locked" });
    keychain.problem = null;
    keychain.answerLate();
    await waitUntil(() => changes.length === 1, { what: "the change" });
    expect(changes).toEqual([{ protection: "keychain", locked: false, keychainProblem: null }]);
    expect(await store.read(ADA)).toMatchObject({ kind: "found" });
  });

  it("tells a computer without a keychain from one whose keychain has gone", async () => {
    keychain.problem = "unreachable";
    expect((await open()).protection.state().protection).toBe("unprotected");
    keychain.problem = null;
    await (await open()).store.write(ADA, secretsOf("one"));
    keychain.problem = "unreachable";
    expect((await open()).protection.state()).toEqual({
      protection: "keychain",
      locked: true,
      keychainProblem: "unreachable",
    });
  });

  it("says so when a keychain that worked fails, and again when it works", async () => {
    const { protection, store, changes } = await open();
    await store.write(ADA, secretsOf("one"));
    keychain.problem = "unreachable";
    await expect(store.write(BOB, secretsOf("two"))).rejects.toMatchObject({ error: { kind: "secret_unreadable" } });
    expect(changes).toEqual([{ protection: "keychain", locked: true, keychainProblem: "unreachable" }]);
    keychain.problem = null;
    expect(await protection.retryKeychain()).toMatchObject({ keychainProblem: null });
    await store.write(BOB, secretsOf("two"));
  });

  it("refuses other protections while the keychain works", async () => {
    const { protection } = await open();
    await expect(protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) })).rejects.toMatchObject({
      error: { kind: "invalid_input" },
    });
    await expect(protection.chooseThisTimeOnly()).rejects.toMatchObject({ error: { kind: "invalid_input" } });
  });

  it("goes back to the keychain from this time only, and keeps what is in memory till the end", async () => {
    keychain.problem = "unreachable";
    const { protection, store } = await open();
    expect((await protection.chooseThisTimeOnly()).protection).toBe("this_time_only");
    await store.write(ADA, secretsOf("in memory"));
    keychain.problem = null;
    expect(await protection.retryKeychain()).toEqual({ protection: "keychain", locked: false, keychainProblem: null });
    await store.update(ADA, (secrets) => ({ ...secrets, accessToken: accessToken("still in memory") }));
    await store.write(BOB, secretsOf("kept"));
    expect(await store.read(ADA)).toMatchObject({ secrets: { accessToken: "still in memory" } });
    const next = await open();
    expect(await next.store.read(ADA)).toEqual({ kind: "absent" });
    expect(await next.store.read(BOB)).toMatchObject({ kind: "found" });
  });

  it("does not forget accounts of the keychain for this time only", async () => {
    await (await open()).store.write(ADA, secretsOf("one"));
    keychain.problem = "unreachable";
    const { protection, store } = await open();
    await protection.chooseThisTimeOnly();
    expect(await store.read(ADA)).toEqual({ kind: "unreadable", reason: "keychain_unreachable" });
    await expect(store.write(ADA, secretsOf("x"))).rejects.toMatchObject({ error: { kind: "secret_unreadable" } });
  });

  it.each(["locked", "unreachable"] as const)("lets go on without a keychain that stays %s", async (problem) => {
    await (await open()).store.write(ADA, secretsOf("of the keychain"));
    keychain.problem = problem;
    const { folders, protection, store } = await open();
    const vault = join(folders.account(ADA).vault, "secrets.sealed");
    const before = await readFile(vault);
    expect(await protection.whereKept()).toEqual({ keychain: [ADA], passphrase: [] });
    const now = { protection: "passphrase", locked: false, keychainProblem: problem };
    expect(await protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) })).toEqual(now);
    await store.write(BOB, secretsOf("of the passphrase"));
    expect(await protection.whereKept()).toEqual({ keychain: [ADA], passphrase: [BOB] });
    expect((await store.read(ADA)).kind).toBe("unreadable");
    await expect(store.write(ADA, secretsOf("x"))).rejects.toThrow();
    await expect(store.setAside(ADA, folders.account(ADA).setAside)).rejects.toThrow();

    const next = await open();
    expect(next.protection.state()).toEqual({ protection: "passphrase", locked: true, keychainProblem: problem });
    await next.protection.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    expect(next.protection.state()).toEqual(now);
    expect(await next.store.read(BOB)).toMatchObject({ secrets: { accessToken: "of the passphrase" } });
    expect((await readFile(vault)).equals(before)).toBe(true);
    keychain.problem = null;
    await next.protection.retryKeychain();
    expect(await next.store.read(ADA)).toMatchObject({ secrets: { accessToken: "of the keychain" } });
  });

  it("lets a new person choose while the keychain is locked, and goes back to it from this time only", async () => {
    keychain.problem = "locked";
    const { protection, store } = await open();
    expect(protection.state()).toEqual({ protection: "keychain", locked: true, keychainProblem: "locked" });
    expect(await protection.chooseThisTimeOnly()).toEqual({
      protection: "this_time_only",
      locked: false,
      keychainProblem: null,
    });
    await store.write(ADA, secretsOf("in memory"));
    expect(await store.read(ADA)).toMatchObject({ place: "memory" });
    expect((await open()).protection.state()).toMatchObject({ protection: "keychain", keychainProblem: "locked" });
    expect(await protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) })).toEqual({
      protection: "passphrase",
      locked: false,
      keychainProblem: null,
    });
  });

  it("asks for the passphrase also where the choice was lost", async () => {
    keychain.problem = "unreachable";
    const { folders, protection } = await open();
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await rm(join(folders.secrets, "protection.json"));
    const next = await open();
    expect(next.protection.state()).toEqual({ protection: "passphrase", locked: true, keychainProblem: null });
    await next.protection.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
  });

  it("refuses to start over a choice that a newer app made", async () => {
    const { folders } = await open();
    const path = join(folders.secrets, "protection.json");
    await writeFile(path, '{"version":9,"data":{}}');
    await expect(open()).rejects.toMatchObject({ error: { kind: "data_too_new" } });
    expect(await readFile(path, "utf8")).toBe('{"version":9,"data":{}}');
  });
});

describe("a forgotten passphrase", () => {
  beforeEach(async () => {
    keychain.problem = "unreachable";
    const { protection, store } = await open();
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await store.write(ADA, secretsOf("one"));
    await store.write(BOB, secretsOf("two"));
  });

  const vaultOf = async (id: AccountId): Promise<Buffer> => readFile(join(new Folders(folder.path).account(id).vault, "secrets.sealed"));

  it("is given up only while it is asked for", async () => {
    const { protection } = await open();
    await protection.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await expect(protection.forgetPassphrase()).rejects.toMatchObject({ error: { kind: "invalid_input" } });
    keychain.problem = null;
    await rm(new Folders(folder.path).passphraseFile);
    await rm(`${new Folders(folder.path).passphraseFile}.bak`);
    await rm(join(new Folders(folder.path).secrets, "protection.json"));
    const other = await open();
    await expect(other.protection.forgetPassphrase()).rejects.toMatchObject({ error: { kind: "invalid_input" } });
  });

  it.each([
    ["unreachable", { protection: "unprotected", locked: false, keychainProblem: null }],
    ["locked", { protection: "keychain", locked: true, keychainProblem: "locked" }],
    [null, { protection: "keychain", locked: false, keychainProblem: null }],
  ] as const)("leaves its accounts as they are, with the keychain %s", async (problem, state) => {
    keychain.problem = problem;
    const { protection, store, folders } = await open();
    const before = [await vaultOf(ADA), await vaultOf(BOB)];
    expect(await store.read(ADA)).toEqual({ kind: "unreadable", reason: "passphrase_needed" });
    await expect(store.setAside(ADA, folders.account(ADA).setAside)).rejects.toMatchObject({
      error: { kind: "secrets_locked" },
    });
    expect(await protection.forgetPassphrase()).toEqual(state);
    for (const { store: one } of [{ store }, await open()]) {
      for (const id of [ADA, BOB]) {
        expect(await one.read(id)).toEqual({ kind: "unreadable", reason: "passphrase_forgotten" });
        const refused = { error: { kind: "passphrase_forgotten" } };
        await expect(one.write(id, secretsOf("x"))).rejects.toMatchObject(refused);
        await expect(one.update(id, (secrets) => secrets)).rejects.toMatchObject(refused);
      }
    }
    expect([await vaultOf(ADA), await vaultOf(BOB)]).toEqual(before);
  });

  it("brings everything back when it is remembered after all", async () => {
    const { protection, store, changes } = await open();
    await protection.forgetPassphrase();
    await expect(protection.recallPassphrase({ passphrase: secretOf("passphrase", "not that one") })).rejects.toMatchObject({
      error: { kind: "wrong_passphrase" },
    });
    const state = { protection: "passphrase", locked: false, keychainProblem: null };
    expect(await protection.recallPassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) })).toEqual(state);
    expect(changes.at(-1)).toEqual(state);
    expect(await store.read(ADA)).toMatchObject({ secrets: { accessToken: "one" } });
    const next = await open();
    expect(next.protection.state()).toMatchObject({ protection: "passphrase", locked: true });
    await next.protection.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    expect(await next.store.read(BOB)).toMatchObject({ secrets: { accessToken: "two" } });
  });

  it("brings back what has not begun anew under another passphrase, and tells so", async () => {
    const { protection, store, folders, changes } = await open();
    await protection.forgetPassphrase();
    const aside = join(folders.account(ADA).setAside, "1");
    await expect(store.setAside(ADA, aside)).rejects.toMatchObject({ error: { kind: "secrets_unprotected" } });
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", "quilt harbour ninety salamander") });
    const before = await vaultOf(ADA);
    await store.setAside(ADA, aside);
    expect(await store.read(ADA)).toEqual({ kind: "absent" });
    await store.write(ADA, secretsOf("new one"));
    const told = changes.length;
    await protection.recallPassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    expect(changes).toHaveLength(told + 1);
    expect(await store.read(BOB)).toMatchObject({ secrets: { accessToken: "two" } });
    expect(await readFile(join(aside, "secrets.sealed"))).toEqual(before);

    const next = await open();
    await next.protection.unlock({ passphrase: secretOf("passphrase", "quilt harbour ninety salamander") });
    expect(await next.store.read(ADA)).toMatchObject({ secrets: { accessToken: "new one" } });
    expect(await next.store.read(BOB)).toMatchObject({ secrets: { accessToken: "two" } });
    await expect(next.store.setAside(BOB, aside)).rejects.toMatchObject({ error: { kind: "conversation_over" } });
  });

  it("sets nothing aside before there is a place for what comes instead", async () => {
    keychain.problem = "locked";
    const { protection, store, folders } = await open();
    await protection.forgetPassphrase();
    const before = await vaultOf(ADA);
    await expect(store.setAside(ADA, folders.account(ADA).setAside)).rejects.toMatchObject({
      error: { kind: "secrets_locked" },
    });
    expect(await vaultOf(ADA)).toEqual(before);
    keychain.problem = null;
    await protection.retryKeychain();
    await store.setAside(ADA, folders.account(ADA).setAside);
    await store.write(ADA, secretsOf("new one"));
    expect(await store.read(ADA)).toMatchObject({ place: "keychain" });
  });
});

describe("VaultSecretStore", () => {
  it("makes an account's key once", async () => {
    const { store } = await open();
    await Promise.all(Array.from({ length: 10 }, (_, at) => store.write(ADA, secretsOf(String(at)))));
    expect(keychain.sets).toBe(1);
    expect(await (await open()).store.read(ADA)).toMatchObject({ secrets: { accessToken: "9" } });
  });

  it("carries out changes of one account in order", async () => {
    const { store } = await open();
    await store.write(ADA, secretsOf(""));
    const add = (letter: string) =>
      store.update(ADA, (secrets) => ({ ...secrets, accessToken: accessToken(secrets.accessToken.reveal() + letter) }));
    await Promise.all([..."abcdefghij"].map(add));
    expect(await store.read(ADA)).toMatchObject({ secrets: { accessToken: "abcdefghij" } });
  });

  it("changes nothing when a change throws or is not secrets", async () => {
    const { store } = await open();
    await expect(store.update(ADA, (secrets) => secrets)).rejects.toMatchObject({ error: { kind: "secret_missing" } });
    await store.write(ADA, secretsOf("one"));
    await expect(
      store.update(ADA, () => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await expect(store.update(ADA, () => ({}) as AccountSecrets)).rejects.toThrow();
    expect(await store.read(ADA)).toMatchObject({ secrets: { accessToken: "one" } });
  });

  it("begins again with the same key after the first vault could not be written", async () => {
    const { folders, store } = await open();
    const vault = folders.account(ADA).vault;
    await makePrivateFolder(vault);
    // A folder where the vault should be makes the last step of its writing fail.
    const { mkdir, rm } = await import("node:fs/promises");
    await mkdir(join(vault, "secrets.sealed.new"));
    await expect(store.write(ADA, secretsOf("one"))).rejects.toMatchObject({ error: { kind: "file_failed" } });
    expect(keychain.entries.size).toBe(1);
    const key = keychain.entries.get(ADA);
    await rm(join(vault, "secrets.sealed.new"), { recursive: true, force: true });
    const next = await open();
    expect(await next.store.read(ADA)).toEqual({ kind: "absent" });
    await next.store.write(ADA, secretsOf("two"));
    expect(keychain.entries.get(ADA)).toBe(key);
    expect(await (await open()).store.read(ADA)).toMatchObject({ secrets: { accessToken: "two" } });
  });

  it("takes a damaged vault of one account for that account's trouble alone", async () => {
    const { folders, store } = await open();
    await store.write(ADA, secretsOf("one"));
    await store.write(BOB, secretsOf("two"));
    const path = join(folders.account(ADA).vault, "secrets.sealed");
    const bytes = await readFile(path);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const next = await open();
    expect(await next.store.read(ADA)).toEqual({ kind: "unreadable", reason: "damaged" });
    expect(await next.store.read(BOB)).toMatchObject({ kind: "found" });
  });
});
