import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initialSecrets } from "../../../main/sessions/initialSecrets.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { startSecretService } from "../../support/secretService.ts";
import type { SecretServiceForTests } from "../../support/secretService.ts";
import { accessToken, type PlainSecrets, plainSecrets } from "../../support/secretValues.ts";
import { SecretsProcess } from "../../support/secretsProcess.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const ADA = "ada0000000000000";
const BOB = "bob0000000000000";
const PASSPHRASE = "zebra mango flywheel outpost";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: SecretServiceForTests;
let running: SecretsProcess;

beforeEach(async () => {
  folder = await temporaryFolder("ways-out");
});
afterEach(async () => {
  await running.kill();
  await service.stop();
  await folder.remove();
});

async function start(): Promise<SecretsProcess> {
  running = await SecretsProcess.start(service.env, folder.path);
  return running;
}

async function restart(): Promise<SecretsProcess> {
  await running.kill();
  return start();
}

const secretsOf = (token: string): PlainSecrets => ({
  ...plainSecrets(initialSecrets({ accessToken: accessToken(token) })),
  storageKey: Buffer.alloc(32, 7).toString("base64"),
});

const vaultOf = (account: string): string => join(folder.path, "accounts", account, "vault", "secrets.sealed");

describe("when the keyring cannot be unlocked any more", () => {
  it("keeps nothing from a new person, who goes on without it", async () => {
    service = await startSecretService("locked");
    const first = await start();
    expect(await first.call("state")).toEqual({ protection: "keychain", locked: true, keychainProblem: "locked" });
    expect(await first.call("whereKept")).toEqual({ keychain: [], passphrase: [] });
    expect(await first.call("chooseThisTimeOnly")).toMatchObject({ protection: "this_time_only", keychainProblem: null });
    await first.call("write", ADA, secretsOf("syt_ada"));
    expect(await first.call("read", ADA)).toMatchObject({ kind: "found", place: "memory" });

    const second = await restart();
    expect(await second.call("state")).toMatchObject({ protection: "keychain", keychainProblem: "locked" });
    const chosen = { protection: "passphrase", locked: false, keychainProblem: null };
    expect(await second.call("choosePassphrase", PASSPHRASE)).toEqual(chosen);
    await second.call("write", BOB, secretsOf("syt_bob"));

    const third = await restart();
    expect(await third.call("state")).toEqual({ ...chosen, locked: true });
    await third.call("unlock", PASSPHRASE);
    expect(await third.call("read", BOB)).toMatchObject({ secrets: { accessToken: "syt_bob" } });
  });

  it("leaves what lies in it, also while others go on without it, and has it back when it opens after all", async () => {
    service = await startSecretService("unlocked");
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    const vault = await readFile(vaultOf(ADA));
    await service.lock();
    const second = await restart();
    expect(await second.call("whereKept")).toEqual({ keychain: [ADA], passphrase: [] });
    await second.call("choosePassphrase", PASSPHRASE);
    await second.call("write", BOB, secretsOf("syt_bob"));

    const third = await restart();
    expect(await third.call("state")).toEqual({ protection: "passphrase", locked: true, keychainProblem: "locked" });
    await third.call("unlock", PASSPHRASE);
    expect(await third.call("read", BOB)).toMatchObject({ secrets: { accessToken: "syt_bob" } });
    expect(await third.call("read", ADA)).toEqual({ kind: "unreadable", reason: "keychain_locked" });
    await expect(third.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secrets_locked" });
    await expect(third.call("setAside", ADA, join(folder.path, "aside"))).rejects.toEqual({ kind: "secrets_locked" });
    expect((await readFile(vaultOf(ADA))).equals(vault)).toBe(true);
    await service.unlock();
    expect(await third.call("retryKeychain")).toEqual({ protection: "passphrase", locked: false, keychainProblem: null });
    expect(await third.call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_ada" } });
  });
});

describe("when the passphrase was forgotten", () => {
  it("goes on in the keyring where there is one by now, and brings the passphrase's accounts back when it is recalled", async () => {
    service = await startSecretService("none");
    const first = await start();
    await first.call("choosePassphrase", PASSPHRASE);
    await first.call("write", ADA, secretsOf("syt_ada"));
    await first.call("write", BOB, secretsOf("syt_bob"));
    await service.startDaemon();

    const second = await restart();
    expect(await second.call("state")).toEqual({ protection: "passphrase", locked: true, keychainProblem: null });
    expect(await second.call("whereKept")).toEqual({ keychain: [], passphrase: [ADA, BOB] });
    const before = Object.values(await filesBelow(folder.path));
    expect(await second.call("forgetPassphrase")).toEqual({ protection: "keychain", locked: false, keychainProblem: null });
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "passphrase_forgotten" });
    await expect(second.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "passphrase_forgotten" });
    // Renamed at most: whatever was there is still there (but the word which protection was chosen).
    const after = Object.values(await filesBelow(folder.path));
    const chosen = (content: string): boolean => Buffer.from(content, "base64").includes('"choice"');
    expect(before.filter((content) => !chosen(content) && !after.includes(content))).toEqual([]);

    const aside = join(folder.path, "accounts", ADA, "set-aside");
    await second.call("setAside", ADA, aside);
    await second.call("write", ADA, secretsOf("syt_new"));
    expect(await second.call("read", ADA)).toMatchObject({ place: "keychain" });
    const third = await restart();
    expect(await third.call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_new" } });
    expect(await third.call("read", BOB)).toEqual({ kind: "unreadable", reason: "passphrase_forgotten" });
    await expect(third.call("recallPassphrase", "a wrong passphrase")).rejects.toEqual({ kind: "wrong_passphrase" });
    await third.call("recallPassphrase", PASSPHRASE);
    expect(await third.call("read", BOB)).toMatchObject({ secrets: { accessToken: "syt_bob" }, place: "passphrase" });
    expect(await third.call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_new" }, place: "keychain" });
  });
});
