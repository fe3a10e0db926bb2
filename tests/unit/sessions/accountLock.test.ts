import { describe, expect, it } from "vitest";
import { type AccountLock, AccountLocks } from "../../../main/sessions/accountLock.ts";
import { fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";

/** Work that ends when it is told to, and what happened to whom in which order. */
function rig() {
  const locks = new AccountLocks();
  const lock = locks.of("@ada:example.org");
  const order: string[] = [];
  const works = new Map<string, Ending>();
  const work = (name: string) => async (): Promise<string> => {
    order.push(`${name} begins as ${lock.holder}`);
    await new Promise<void>((resolve, reject) => works.set(name, { resolve, reject }));
    order.push(`${name} ends`);
    return name;
  };
  return {
    locks,
    lock,
    order,
    work,
    end: (name: string) => works.get(name)?.resolve(),
    cut: (name: string) => works.get(name)?.reject(fail("cancelled")),
  };
}

interface Ending {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What a session does that is told to start, where it may. */
const startIn = (lock: AccountLock, work: () => Promise<string>) =>
  lock.inTurn("start", () => (lock.mayStart ? work() : Promise.resolve("not started")));

describe("the lock of an account", () => {
  it("lets two operations that cross have their turns one after the other, and says which has it", async () => {
    const { lock, order, work, end } = rig();
    const [retry, resume] = [lock.inTurn("retry", work("one")), lock.inTurn("resume", work("two"))];
    await settled();
    expect(order).toEqual(["one begins as retry"]);
    end("one");
    await settled();
    expect(order).toEqual(["one begins as retry", "one ends", "two begins as resume"]);
    end("two");
    expect(await Promise.all([retry, resume])).toEqual(["one", "two"]);
    expect(lock.holder).toBeNull();
  });

  it("gives the next its turn where the one before failed, and hands the failure to nobody else", async () => {
    const { lock, order, work, end, cut } = rig();
    const [failing, next] = [errorOf(lock.inTurn("start", work("one"))), lock.inTurn("retry", work("two"))];
    await settled();
    cut("one");
    expect(await failing).toEqual({ kind: "cancelled" });
    await settled();
    end("two");
    expect(await next).toBe("two");
    expect(order).toEqual(["one begins as start", "two begins as retry", "two ends"]);
  });

  it("holds up no other account", async () => {
    const { locks, lock, work } = rig();
    void lock.inTurn("start", work("hangs"));
    expect(await locks.of("@bea:example.org").inTurn("start", () => Promise.resolve("started"))).toBe("started");
  });

  it("refuses a second of what may be done once, from before its turn to its end, whichever that is", async () => {
    const { lock, work, cut } = rig();
    const first = errorOf(lock.once("resume", work("signing in at the server")));
    // It asks its server, and what has its turn meanwhile is not held up.
    expect(await lock.inTurn("retry", () => Promise.resolve("retried"))).toBe("retried");
    expect(await errorOf(lock.once("resume", work("again")))).toEqual({ kind: "conversation_over" });
    cut("signing in at the server");
    expect(await first).toEqual({ kind: "cancelled" });
    expect(await lock.once("resume", () => Promise.resolve("again"))).toBe("again");
  });

  it("signs out once, whoever asks, and again where that failed", async () => {
    const { lock, order, work, end, cut } = rig();
    const both = [1, 2].map(() => errorOf(lock.shared("sign_out", work("sign-out"))));
    await settled();
    cut("sign-out");
    expect(await Promise.all(both)).toEqual([{ kind: "cancelled" }, { kind: "cancelled" }]);
    expect(lock.isLeaving).toBe(false);
    const again = lock.shared("sign_out", work("sign-out"));
    await settled();
    end("sign-out");
    expect(await again).toBe("sign-out");
    expect(order.filter((step) => step.startsWith("sign-out begins"))).toHaveLength(2);
  });

  it("lets a sign-out that comes during a start have the next turn, and starts nothing more", async () => {
    const { lock, order, work, end, cut } = rig();
    const starting = errorOf(startIn(lock, work("start")));
    await settled();
    const leaving = lock.shared("sign_out", () => lock.inTurn("sign_out", work("sign-out")));
    const later = startIn(lock, work("later start"));
    await settled();
    expect([lock.holder, lock.isLeaving, lock.mayStart]).toEqual(["start", true, false]);
    cut("start");
    await settled();
    end("sign-out");
    expect(await Promise.all([starting, leaving])).toEqual([{ kind: "cancelled" }, "sign-out"]);
    expect(order).toEqual(["start begins as start", "sign-out begins as sign_out", "sign-out ends"]);
    expect(await later).toBe("not started");
    expect(lock.mayStart).toBe(true);
  });

  it("lets what has been waiting see that the account was removed meanwhile", async () => {
    const { lock, work, end } = rig();
    const accounts = new Set(["ada"]);
    const leaving = lock.shared("sign_out", () => lock.inTurn("sign_out", async () => void (await work("sign-out")(), accounts.clear())));
    const resuming = lock.once("resume", () =>
      lock.inTurn("resume", async () => {
        if (lock.isLeaving || accounts.size === 0) throw fail("no_such_account");
        return Promise.resolve();
      }),
    );
    await settled();
    end("sign-out");
    expect(await Promise.all([leaving, errorOf(resuming)])).toEqual([undefined, { kind: "no_such_account" }]);
  });

  it("starts nothing once the app ends, and lets what is under way come to its end", async () => {
    const { locks, lock, work, end } = rig();
    const retrying = lock.inTurn("retry", work("retry"));
    const later = startIn(lock, work("start"));
    await settled();
    expect(locks.end()).toEqual(["retry"]);
    expect([locks.ended, lock.mayStart, locks.of("@new:example.org").mayStart]).toEqual([true, false, false]);
    end("retry");
    expect(await Promise.all([retrying, later])).toEqual(["retry", "not started"]);
  });
});
