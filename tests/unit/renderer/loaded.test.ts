import { describe, expect, test } from "vitest";
import { RequestFailure } from "../../../renderer/bridge.ts";
import { createLoaded, forgetLoaded } from "../../../renderer/stores/loaded.ts";
import type { AccountId } from "../../../shared/ids.ts";

const lea = "aaaaaaaaaaaaaaaa" as AccountId;

/** A store whose requests are answered by hand, in any order. */
function byHand() {
  const asked: { resolve: (text: string) => void; reject: (error: Error) => void }[] = [];
  const store = createLoaded<string>(() => new Promise<string>((resolve, reject) => void asked.push({ resolve, reject })));
  const request = (accountId: AccountId = lea) => {
    const done = store.load(accountId);
    const one = asked.at(-1);
    return {
      answer: (text: string) => {
        one?.resolve(text);
        return done;
      },
      fail: () => {
        one?.reject(new RequestFailure({ kind: "not_found" }));
        return done;
      },
    };
  };
  return { store, request, asked };
}

describe("what is loaded of an account", () => {
  test("an older answer never takes the place of a newer one, nor does an older error", async () => {
    const { store, request } = byHand();
    const first = request();
    const second = request();
    const third = request();
    await second.answer("second");
    expect(store.get(lea)).toMatchObject({ answer: "second", error: null, loading: true });
    await first.answer("first");
    expect(store.get(lea)).toMatchObject({ answer: "second", loading: true });
    await third.answer("third");
    expect(store.get(lea)).toMatchObject({ answer: "third", loading: false });
    const late = request();
    await request().answer("fourth");
    await late.fail();
    expect(store.get(lea)).toMatchObject({ answer: "fourth", error: null, loading: false });
  });

  test("what a change has answered is newer than what was asked before it", async () => {
    const { store, request } = byHand();
    const before = request();
    store.set(lea, "changed");
    expect(store.get(lea)).toMatchObject({ answer: "changed", loading: false });
    await before.answer("as it was");
    expect(store.get(lea).answer).toBe("changed");
    await request().answer("as it is");
    expect(store.get(lea).answer).toBe("as it is");
  });

  test("an error leaves the answer there is, with its age, and goes with the next answer", async () => {
    const { store, request } = byHand();
    await request().answer("known");
    const { answeredAt } = store.get(lea);
    expect(answeredAt).toBeGreaterThan(0);
    await request().fail();
    expect(store.get(lea)).toEqual({ answer: "known", error: { kind: "not_found" }, loading: false, answeredAt });
    await request().answer("again");
    expect(store.get(lea).error).toBeNull();
  });

  test("is asked for again only where it was asked for", () => {
    const { store, asked } = byHand();
    store.reload(lea);
    expect(asked).toHaveLength(0);
    void store.load(lea);
    store.reload(lea);
    expect(asked).toHaveLength(2);
  });

  test("goes with the account, and what comes late does not bring it back", async () => {
    const gone = "bbbbbbbbbbbbbbbb" as AccountId;
    const { store, request, asked } = byHand();
    await request(gone).answer("addresses");
    const late = request(gone);
    const other = byHand();
    await other.request(gone).answer("sessions");
    forgetLoaded(gone);
    await late.answer("addresses");
    store.set(gone, "addresses");
    await store.load(gone);
    expect(asked).toHaveLength(2);
    expect([store.get(gone), other.store.get(gone)].map(({ answer }) => answer)).toEqual([null, null]);
  });
});
