import { randomBytes } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NO_IDENTITY_PIN } from "../../../main/secrets/secretStore.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { startSecretService } from "../../support/secretService.ts";
import type { SecretServiceForTests } from "../../support/secretService.ts";
import { sample } from "../../support/seed.ts";
import { SecretsProcess } from "../../support/secretsProcess.ts";
import type { PlainSecrets } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const ADA = "ada0000000000000";
const BOB = "bob0000000000000";
const KILLS = sample(8, 50);
const PASSPHRASE = "zebra mango flywheel outpost";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: SecretServiceForTests;
const running: SecretsProcess[] = [];

beforeEach(async () => {
  folder = await temporaryFolder("secrets");
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.kill()));
  await service.stop();
  await folder.remove();
});

async function start(): Promise<SecretsProcess> {
  const one = await SecretsProcess.start(service.env, folder.path);
  running.push(one);
  return one;
}

async function restart(): Promise<SecretsProcess> {
  await running.at(-1)?.kill();
  return start();
}

function secretsOf(accessToken: string): PlainSecrets {
  const storageKey = randomBytes(32).toString("base64");
  const keptSecurityKey = `kept with ${accessToken}`;
  return { accessToken, refreshToken: null, storageKey, pendingSetUp: null, keptSecurityKey, newDevice: null, identity: NO_IDENTITY_PIN };
}

const vaultOf = (account: string): string => join(folder.path, "accounts", account, "vault", "secrets.sealed");

const snapshot = (): Promise<Record<string, string>> => filesBelow(folder.path);

describe("with an open keyring", () => {
  beforeEach(async () => {
    service = await startSecretService("unlocked");
  });

  it("keeps secrets over restarts, sealed, and removes them", async () => {
    const first = await start();
    expect(await first.call("state")).toEqual({ protection: "keychain", locked: false, keychainProblem: null });
    expect(await first.call("read", ADA)).toEqual({ kind: "absent" });
    const secrets = secretsOf("syt_ada");
    await first.call("write", ADA, secrets);
    await first.call("write", BOB, secretsOf("syt_bob"));

    const second = await restart();
    expect(await second.call("read", ADA)).toEqual({ kind: "found", secrets, place: "keychain" });
    await second.call("setToken", ADA, "syt_ada2");
    const third = await restart();
    expect(await third.call("read", ADA)).toEqual({
      kind: "found",
      secrets: { ...secrets, accessToken: "syt_ada2" },
      place: "keychain",
    });

    for (const content of Object.values(await snapshot())) {
      const bytes = Buffer.from(content, "base64").toString("latin1");
      expect(bytes).not.toContain("syt_");
      expect(bytes).not.toContain("kept with");
      expect(bytes).not.toContain(secrets.storageKey);
    }
    expect((await stat(vaultOf(ADA))).mode & 0o777).toBe(0o600);

    await third.call("remove", ADA);
    await third.call("remove", ADA);
    expect(await third.call("read", ADA)).toEqual({ kind: "absent" });
    expect(await third.call("rawGet", ADA)).toEqual({ kind: "absent" });
    expect(await third.call("read", BOB)).toMatchObject({ kind: "found" });
  });

  it("loses nothing while locked, writes nothing, and has all back when unlocked", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await service.lock();
    const before = await snapshot();

    const second = await restart();
    expect(await second.call("state")).toEqual({ protection: "keychain", locked: true, keychainProblem: "locked" });
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "keychain_locked" });
    expect(await second.call("read", BOB)).toEqual({ kind: "unreadable", reason: "keychain_locked" });
    await expect(second.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secrets_locked" });
    await expect(second.call("write", BOB, secretsOf("x"))).rejects.toEqual({ kind: "secrets_locked" });
    await expect(second.call("setToken", ADA, "x")).rejects.toEqual({ kind: "secrets_locked" });
    expect(await second.call("retryKeychain")).toMatchObject({ keychainProblem: "locked" });
    expect(await snapshot()).toEqual(before);

    await service.unlock();
    expect(await second.call("retryKeychain")).toEqual({ protection: "keychain", locked: false, keychainProblem: null });
    expect(await second.call("changes")).toHaveLength(1);
    expect(await second.call("read", ADA)).toMatchObject({ kind: "found", secrets: { accessToken: "syt_ada" } });
    await second.call("write", BOB, secretsOf("syt_bob"));
    expect(await second.call("read", BOB)).toMatchObject({ kind: "found" });
  });

  it("writes a refreshed token even when the keyring locks or dies meanwhile", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_1"));
    await service.lock();
    await first.call("setToken", ADA, "syt_2");
    await service.unlock();
    await service.killDaemon();
    await first.call("setToken", ADA, "syt_3");
    // What needs the keyring says so.
    await expect(first.call("write", BOB, secretsOf("x"))).rejects.toMatchObject({ kind: "secret_unreadable" });
    await first.call("read", ADA);
    expect(await first.call("state")).toEqual({ protection: "keychain", locked: true, keychainProblem: "unreachable" });

    const second = await restart();
    expect(await second.call("state")).toEqual({ protection: "keychain", locked: true, keychainProblem: "unreachable" });
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "keychain_unreachable" });
    await expect(second.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secret_unreadable" });

    await service.startDaemon();
    await second.call("retryKeychain");
    expect(await second.call("read", ADA)).toMatchObject({ kind: "found", secrets: { accessToken: "syt_3" } });
    await second.call("write", BOB, secretsOf("syt_bob"));
  });

  it("takes a wrong entry for damaged and leaves it", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    const right = (await first.call("rawGet", ADA)) as { value: string };
    const zeroKey = `steward-key-1:${Buffer.alloc(32).toString("base64")}`;
    for (const wrong of ["hunter2", right.value.slice(0, -8), right.value.slice(14), zeroKey, "\u{1F511}"]) {
      await running.at(-1)?.call("rawSet", ADA, wrong);
      const before = await snapshot();
      const next = await restart();
      expect(await next.call("read", ADA)).toEqual({ kind: "unreadable", reason: "damaged" });
      await expect(next.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secret_unreadable" });
      expect(await next.call("rawGet", ADA)).toEqual({ kind: "found", value: wrong });
      expect(await snapshot()).toEqual(before);
    }
    await running.at(-1)?.call("rawSet", ADA, right.value);
    expect(await (await restart()).call("read", ADA)).toMatchObject({ kind: "found" });
  });

  it("does not take a vault without its key, nor a key without its vault, for nothing", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await first.call("write", BOB, secretsOf("syt_bob"));
    await first.call("rawRemove", ADA);
    await rm(vaultOf(BOB));
    const second = await restart();
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "damaged" });
    expect(await second.call("read", BOB)).toEqual({ kind: "unreadable", reason: "damaged" });
    await expect(second.call("write", BOB, secretsOf("x"))).rejects.toEqual({ kind: "secret_unreadable" });
    // Going away is the way out, and leaves nothing behind.
    await second.call("remove", BOB);
    expect(await second.call("read", BOB)).toEqual({ kind: "absent" });
  });

  it("goes on with a beginning that was cut short after the key was kept", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await rm(vaultOf(ADA));
    await writeFile(join(vaultOf(ADA), "..", "secrets.begun"), "");
    const key = await first.call("rawGet", ADA);
    const second = await restart();
    expect(await second.call("read", ADA)).toEqual({ kind: "absent" });
    await second.call("write", ADA, secretsOf("syt_again"));
    expect(await second.call("rawGet", ADA)).toEqual(key);
    expect(await (await restart()).call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_again" } });
  });

  it("notices a vault that is cut short, changed, swapped or newer, and leaves it", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await first.call("write", BOB, secretsOf("syt_bob"));
    const good = await readFile(vaultOf(ADA));
    const flipped = (at: number): Buffer => {
      const copy = Buffer.from(good);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    const newer = Buffer.from(good);
    newer[8] = 2;
    const cases: [Buffer, string][] = [
      [Buffer.alloc(0), "damaged"],
      [good.subarray(0, 5), "damaged"],
      [good.subarray(0, 20), "damaged"],
      [good.subarray(0, -1), "damaged"],
      [Buffer.concat([good, Buffer.from([0])]), "damaged"],
      [Buffer.alloc(good.length), "damaged"],
      [await readFile(vaultOf(BOB)), "damaged"],
      [newer, "too_new"],
      ...[0, 12, 30, good.length - 1].map((at): [Buffer, string] => [flipped(at), "damaged"]),
    ];
    for (const [bytes, reason] of cases) {
      await writeFile(vaultOf(ADA), bytes);
      expect(await first.call("read", ADA)).toEqual({ kind: "unreadable", reason });
      await expect(first.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secret_unreadable" });
      expect((await readFile(vaultOf(ADA))).equals(bytes)).toBe(true);
    }
    expect(await first.call("read", BOB)).toMatchObject({ kind: "found" });
    await writeFile(vaultOf(ADA), good);
    expect(await first.call("read", ADA)).toMatchObject({ kind: "found" });
  });

  it(
    `has the old or the new secrets after SIGKILL during a write, ${KILLS} times`,
    async () => {
      let process_ = await start();
      await process_.call("write", ADA, secretsOf("token -1"));
      for (let kill = 0; kill < KILLS; kill += 1) {
        const last = await process_.killWhileWriting(ADA, 2 + ((kill * 3) % 50));
        process_ = await start();
        const read = await process_.call("read", ADA);
        expect(read.kind).toBe("found");
        const round = read.kind === "found" ? Number(read.secrets.accessToken.replace("token ", "")) : -1;
        expect(round).toBeGreaterThanOrEqual(last);
      }
    },
    sample(60_000, 300_000),
  );

  it("removes a key later when its keyring did not answer at once", async () => {
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await service.lock();
    const second = await restart();
    await second.call("remove", ADA);
    await service.unlock();
    expect(await second.call("rawGet", ADA)).toMatchObject({ kind: "found" });
    await second.call("retryKeychain");
    expect(await second.call("rawGet", ADA)).toEqual({ kind: "absent" });
    expect(await second.call("read", ADA)).toEqual({ kind: "absent" });
  });
});

describe("without a keyring", () => {
  beforeEach(async () => {
    service = await startSecretService("none");
  });

  it("says so and keeps nothing until something is chosen", async () => {
    const first = await start();
    expect(await first.call("state")).toEqual({ protection: "unprotected", locked: false, keychainProblem: null });
    await expect(first.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secrets_unprotected" });
    await expect(first.call("choosePassphrase", "password1")).rejects.toEqual({ kind: "weak_phrase" });
    expect(await first.call("state")).toMatchObject({ protection: "unprotected" });
  });

  it("keeps secrets behind a passphrase over restarts", async () => {
    const first = await start();
    expect(await first.call("choosePassphrase", PASSPHRASE)).toEqual({
      protection: "passphrase",
      locked: false,
      keychainProblem: null,
    });
    await first.call("write", ADA, secretsOf("syt_ada"));

    const second = await restart();
    expect(await second.call("state")).toEqual({ protection: "passphrase", locked: true, keychainProblem: null });
    const before = await snapshot();
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "passphrase_needed" });
    await expect(second.call("write", ADA, secretsOf("x"))).rejects.toEqual({ kind: "secrets_locked" });
    await expect(second.call("unlock", "a wrong passphrase")).rejects.toEqual({ kind: "wrong_passphrase" });
    await expect(second.call("choosePassphrase", PASSPHRASE)).rejects.toEqual({ kind: "secrets_locked" });
    expect(await snapshot()).toEqual(before);

    expect(await second.call("unlock", PASSPHRASE)).toMatchObject({ locked: false });
    expect(await second.call("read", ADA)).toMatchObject({ kind: "found", secrets: { accessToken: "syt_ada" } });
    for (const content of Object.values(await snapshot())) {
      expect(Buffer.from(content, "base64").toString("latin1")).not.toMatch(/syt_|zebra/);
    }
  });

  it("forgets what was kept for this time only, and writes none of it", async () => {
    const first = await start();
    expect(await first.call("chooseThisTimeOnly")).toMatchObject({ protection: "this_time_only", locked: false });
    await first.call("write", ADA, secretsOf("syt_ada"));
    await first.call("setToken", ADA, "syt_2");
    expect(await first.call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_2" } });
    expect(await snapshot()).toEqual({});
    const second = await restart();
    expect(await second.call("state")).toMatchObject({ protection: "unprotected" });
    expect(await second.call("read", ADA)).toEqual({ kind: "absent" });
  });
});

describe("when the keyring has gone for good", () => {
  it("keeps what was there, puts new accounts behind a passphrase, and reads both when it is back", async () => {
    service = await startSecretService("unlocked");
    const first = await start();
    await first.call("write", ADA, secretsOf("syt_ada"));
    await service.killDaemon();
    const second = await restart();
    expect(await second.call("choosePassphrase", PASSPHRASE)).toEqual({
      protection: "passphrase",
      locked: false,
      keychainProblem: "unreachable",
    });
    await second.call("write", BOB, secretsOf("syt_bob"));
    expect(await second.call("read", ADA)).toEqual({ kind: "unreadable", reason: "keychain_unreachable" });

    await service.startDaemon();
    const third = await restart();
    expect(await third.call("state")).toEqual({ protection: "passphrase", locked: true, keychainProblem: null });
    expect(await third.call("read", ADA)).toMatchObject({ kind: "found", secrets: { accessToken: "syt_ada" } });
    expect(await third.call("read", BOB)).toEqual({ kind: "unreadable", reason: "passphrase_needed" });
    await third.call("unlock", PASSPHRASE);
    expect(await third.call("read", BOB)).toMatchObject({ kind: "found", secrets: { accessToken: "syt_bob" } });
    await third.call("setToken", ADA, "syt_ada2");
    expect(await third.call("read", ADA)).toMatchObject({ secrets: { accessToken: "syt_ada2" } });
  });
});
