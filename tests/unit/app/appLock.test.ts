import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AppLock, type AppLockParts } from "../../../main/app/appLock.ts";
import { IdleLock } from "../../../main/app/idleLock.ts";
import type { Answer } from "../../../main/ipc/checkedHandlers.ts";
import { fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { secretOf } from "../../support/secretValues.ts";

const PASSPHRASE = "nine green geese";

/** A lock whose parts note what happens, in order. */
function lockWith(given: Partial<AppLockParts> = {}) {
  const happened: string[] = [];
  const appLock = new AppLock({
    hasPassphrase: () => true,
    forgetPassphrase: () => Promise.resolve(happened.push("forgot")),
    givePassphrase: (passphrase) => (passphrase.reveal() === PASSPHRASE ? Promise.resolve() : Promise.reject(fail("wrong_passphrase"))),
    forgetCopiedSecret: () => Promise.resolve(happened.push("clipboard")),
    reload: () => happened.push("reloaded"),
    logger: quietLogger,
    ...given,
  });
  return { appLock, happened };
}

describe("the lock", () => {
  test("empties the window, then forgets the passphrase's key; the passphrase opens it, and nothing else", async () => {
    const { appLock, happened } = lockWith();
    expect(await appLock.lock()).toEqual({ locked: true, canLock: true });
    expect(happened).toEqual(["reloaded", "forgot", "clipboard"]);
    expect(await errorOf(appLock.unlock({ passphrase: secretOf("passphrase", "nine grey geese") }))).toEqual({ kind: "wrong_passphrase" });
    expect(appLock.locked).toBe(true);
    expect(await appLock.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) })).toEqual({ locked: false, canLock: true });
    expect(happened).toEqual(["reloaded", "forgot", "clipboard", "reloaded"]);
  });

  test("is refused where nothing could open it again, and doesn't happen by itself there", async () => {
    const { appLock, happened } = lockWith({ hasPassphrase: () => false });
    expect(await errorOf(appLock.lock())).toMatchObject({ kind: "invalid_input" });
    await appLock.lockIfPossible();
    expect(happened).toEqual([]);
    expect(appLock.state()).toEqual({ locked: false, canLock: false });
  });

  test("lets no answer out while it is locked, not even one that was asked for before", async () => {
    const { appLock } = lockWith();
    let finish = (): void => undefined;
    const slow: Answer = async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      return { ok: true, value: "an account" };
    };
    const quick: Answer = () => Promise.resolve({ ok: true, value: "a setting" });
    const answers = appLock.guard(
      new Map([
        ["accounts.list", slow],
        ["accounts.retry", quick],
        ["app.settings", quick],
      ]),
    );
    const asked = answers.get("accounts.list")!({});
    await appLock.lock();
    finish();
    const refused = { ok: false, error: { kind: "app_locked" } };
    expect(await asked).toEqual(refused);
    expect(await answers.get("accounts.retry")!({})).toEqual(refused);
    expect(await answers.get("app.settings")!({})).toEqual({ ok: true, value: "a setting" });
    await appLock.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    expect(await answers.get("accounts.retry")!({})).toEqual({ ok: true, value: "a setting" });
  });
});

describe("locking by itself", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function idleLock() {
    const person = { idleSeconds: 0 };
    const lock = vi.fn(() => Promise.resolve());
    return { person, lock, idle: new IdleLock({ idleSeconds: () => person.idleSeconds, lock, logger: quietLogger }) };
  }

  test("happens after the minutes chosen, and not before", async () => {
    const { person, lock, idle } = idleLock();
    idle.lockAfter(5);
    person.idleSeconds = 299;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(lock).not.toHaveBeenCalled();
    person.idleSeconds = 300;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lock).toHaveBeenCalledTimes(1);
  });

  test("never happens unless it was chosen, nor after it was taken back", async () => {
    const { person, lock, idle } = idleLock();
    person.idleSeconds = 100_000;
    idle.screenLocked();
    await vi.advanceTimersByTimeAsync(60_000);
    idle.lockAfter(5);
    idle.lockAfter(null);
    await vi.advanceTimersByTimeAsync(60_000);
    idle.screenLocked();
    expect(lock).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("follows the computer's own lock", () => {
    const { lock, idle } = idleLock();
    idle.lockAfter(60);
    idle.screenLocked();
    expect(lock).toHaveBeenCalledTimes(1);
  });
});
