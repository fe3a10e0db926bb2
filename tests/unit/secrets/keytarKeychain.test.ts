import { afterEach, describe, expect, it } from "vitest";
import { KeytarKeychain } from "../../../main/secrets/keytarKeychain.ts";
import type { Keytar, KeytarKeychainOptions } from "../../../main/secrets/keytarKeychain.ts";
import { startScriptedSecretService } from "../../support/scriptedSecretService.ts";
import type { Script } from "../../support/scriptedSecretService.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/waitUntil.ts";

/** keytar with its entries in memory; `next` stands in for the next call. */
class MemoryKeytar implements Keytar {
  readonly entries = new Map<string, string>();
  calls = 0;
  next: (() => Promise<never>) | null = null;

  async getPassword(_service: string, account: string): Promise<string | null> {
    await this.#scripted();
    return this.entries.get(account) ?? null;
  }
  async setPassword(_service: string, account: string, password: string): Promise<void> {
    await this.#scripted();
    this.entries.set(account, password);
  }
  async deletePassword(_service: string, account: string): Promise<boolean> {
    await this.#scripted();
    return this.entries.delete(account);
  }
  async #scripted(): Promise<void> {
    this.calls += 1;
    const { next } = this;
    this.next = null;
    if (next !== null) await next();
  }
}

const TIMEOUT_MS = 300;

function open(keytar: Keytar, options: KeytarKeychainOptions = {}): KeytarKeychain {
  return new KeytarKeychain({
    platform: "darwin",
    env: {},
    timeoutMs: TIMEOUT_MS,
    loadKeytar: () => Promise.resolve(keytar),
    ...options,
  });
}

describe("KeytarKeychain where keytar's answers are true", () => {
  it("keeps, finds, removes", async () => {
    const keychain = open(new MemoryKeytar());
    expect(await keychain.status()).toBeNull();
    expect(await keychain.get("a")).toEqual({ kind: "absent" });
    expect(await keychain.set("a", "1")).toEqual({ kind: "done" });
    expect(await keychain.get("a")).toEqual({ kind: "found", value: "1" });
    expect(await keychain.remove("a")).toEqual({ kind: "done" });
    expect(await keychain.remove("a")).toEqual({ kind: "done" });
    expect(await keychain.get("a")).toEqual({ kind: "absent" });
  });

  it.each([
    ["User interaction is not allowed.", "locked"],
    ["The user name or passphrase you entered is not correct.", "locked"],
    ["User canceled the operation.", "locked"],
    ["A default keychain could not be found.", "unreachable"],
    ["The RPC server is unavailable.", "unreachable"],
  ])("never takes the error %j for absence", async (message, problem) => {
    const keytar = new MemoryKeytar();
    const keychain = open(keytar);
    const failing = (): Promise<never> => Promise.reject(new Error(message));
    for (const call of [() => keychain.get("a"), () => keychain.set("a", "1"), () => keychain.remove("a")]) {
      keytar.next = failing;
      expect(await call()).toEqual({ kind: "failed", problem });
    }
    keytar.next = failing;
    expect(await keychain.status()).toBe(problem);
  });

  it("is unreachable where keytar cannot be loaded", async () => {
    const keychain = open(new MemoryKeytar(), { loadKeytar: () => Promise.reject(new Error("libsecret-1.so.0")) });
    expect(await keychain.status()).toBe("unreachable");
    expect(await keychain.get("a")).toEqual({ kind: "failed", problem: "unreachable" });
  });

  it("does not say done when the entry cannot be read back", async () => {
    const keytar = new MemoryKeytar();
    keytar.setPassword = () => Promise.resolve();
    expect(await open(keytar).set("a", "1")).toEqual({ kind: "failed", problem: "unreachable" });
  });

  it("waits for a hanging call once, asks nothing meanwhile, and tells when it has answered", async () => {
    const keytar = new MemoryKeytar();
    const keychain = open(keytar);
    let late = 0;
    keychain.onLateAnswer(() => (late += 1));
    let answer: () => void = () => undefined;
    keytar.next = () => new Promise<never>((_, reject) => (answer = () => reject(new Error("User canceled"))));
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => keychain.get("a")));
    expect(answers.every((one) => one.kind === "failed" && one.problem === "locked")).toBe(true);
    expect(performance.now() - started).toBeLessThan(TIMEOUT_MS * 4);
    expect(keytar.calls).toBe(1);
    expect(late).toBe(0);
    answer();
    await waitUntil(() => late === 1, { what: "the late answer" });
    expect(await keychain.get("a")).toEqual({ kind: "absent" });
  });
});

describe("KeytarKeychain with a Secret Service", () => {
  const script: Script = { locked: false, hasEntry: true, hasDefault: true, silent: false };
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function start(changes: Partial<Script>, options: KeytarKeychainOptions = {}) {
    const own = { ...script, ...changes };
    const service = await startScriptedSecretService(own);
    stops.push(service.stop);
    const keytar = new MemoryKeytar();
    keytar.entries.set("a", "1");
    const keychain = open(keytar, { platform: "linux", env: service.env, ...options });
    return { script: own, service, keytar, keychain };
  }

  it("opens the dialog once for all who wait, and answers them when it is answered", async () => {
    const { service, keychain, keytar } = await start({ locked: true }, { timeoutMs: 10_000 });
    const answers = Promise.all(Array.from({ length: 5 }, () => keychain.get("a")));
    await waitUntil(() => service.dialogs() === 1, { what: "the dialog" });
    expect(keytar.calls).toBe(0);
    service.answerDialog(true);
    expect(await answers).toEqual(Array.from({ length: 5 }, () => ({ kind: "found", value: "1" })));
    expect(service.dialogs()).toBe(1);
  });

  it("gives up waiting, and tells when the dialog was answered after all", async () => {
    const { service, keychain, keytar } = await start({ locked: true });
    let late = 0;
    keychain.onLateAnswer(() => (late += 1));
    const answers = await Promise.all(Array.from({ length: 20 }, () => keychain.get("a")));
    expect(answers.every((one) => one.kind === "failed" && one.problem === "locked")).toBe(true);
    expect(keytar.calls).toBe(0);
    expect(service.dialogs()).toBe(1);
    service.answerDialog(true);
    await waitUntil(() => late === 1, { what: "the late answer" });
    expect(await keychain.get("a")).toEqual({ kind: "found", value: "1" });
  });

  it("does not ask again what was turned down, until it is told to", async () => {
    const { service, keychain } = await start({ locked: true }, { timeoutMs: 10_000 });
    const first = keychain.get("a");
    await waitUntil(() => service.dialogs() === 1, { what: "the dialog" });
    service.answerDialog(false);
    expect(await first).toEqual({ kind: "failed", problem: "locked" });
    expect(await keychain.get("a")).toEqual({ kind: "failed", problem: "locked" });
    expect(service.dialogs()).toBe(1);
    const again = keychain.askToUnlock();
    await waitUntil(() => service.dialogs() === 2, { what: "the second dialog" });
    service.answerDialog(true);
    expect(await again).toBeNull();
  });

  it.each(["refused", "bus goes away"] as const)("is locked, and that is all, when the dialog is %s", async (dialog) => {
    const { keychain } = await start({ locked: true, dialog }, { timeoutMs: 10_000 });
    const unhandled = await unhandledDuring(async () => {
      expect(await keychain.get("a")).toMatchObject({ kind: "failed" });
    });
    expect(unhandled).toEqual([]);
  });

  it("does not take what a locked keyring cannot find for absent", async () => {
    const { keychain, keytar, service } = await start({ locked: true, hasEntry: false });
    const asked = keychain.get("a");
    await waitUntil(() => service.dialogs() === 1, { what: "the dialog" });
    service.answerDialog(false);
    expect(await asked).toEqual({ kind: "failed", problem: "locked" });
    expect(keytar.calls).toBe(0);
  });

  it("says absent of an open keyring, also one that has no collection yet", async () => {
    expect(await (await start({ hasEntry: false })).keychain.get("a")).toEqual({ kind: "absent" });
    expect(await (await start({ hasEntry: false, hasDefault: false })).keychain.get("a")).toEqual({ kind: "absent" });
  });

  it("does not take null from keytar for absent when the service has the entry", async () => {
    const { keychain, keytar } = await start({});
    keytar.entries.clear();
    expect(await keychain.get("a")).toEqual({ kind: "failed", problem: "unreachable" });
  });

  it("is unreachable, within its time, with no bus, a dead one and a silent one", async () => {
    const keytar = new MemoryKeytar();
    for (const env of [{}, { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere/bus" }, { DBUS_SESSION_BUS_ADDRESS: "tcp:host=x" }]) {
      expect(await open(keytar, { platform: "linux", env }).get("a")).toEqual({ kind: "failed", problem: "unreachable" });
    }
    const { keychain } = await start({ silent: true });
    expect(await keychain.get("a")).toEqual({ kind: "failed", problem: "unreachable" });
    expect(await keychain.status()).toBe("unreachable");
    expect(keytar.calls).toBe(0);
  });
});
