import { describe, expect, it } from "vitest";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { type AccessTokens, TokenKeeper } from "../../../main/http/tokenKeeper.ts";
import { accessToken as accessTokenOf } from "../../support/secretValues.ts";

const NOW = 1_000_000;
const tokens = (accessToken: string, left: number | null): AccessTokens => ({
  accessToken: accessTokenOf(accessToken),
  expiresAt: left === null ? null : NOW + left,
});

/** A keeper whose refreshes end when the test says so; `steps` has what happened. */
function keeperOf(first: AccessTokens, { fails = false } = {}) {
  const steps: string[] = [];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const refresh = {
    exchange: async ({ accessToken }: AccessTokens) => {
      steps.push(`exchange ${accessToken.reveal()}`);
      await gate;
      if (fails) throw new Error("refused");
      return tokens("new", 600_000);
    },
    persist: async ({ accessToken }: AccessTokens) => void steps.push(`persist ${accessToken.reveal()}`),
  };
  return { keeper: new TokenKeeper(first, refresh, { now: () => NOW, elapsed: () => 0, firstPauseMs: 0 }), steps, release };
}

describe("a token keeper", () => {
  it("has nothing better where there is nothing to refresh with", async () => {
    const keeper = new TokenKeeper(tokens("only", -1));
    expect(await keeper.accessToken()).toEqual("only");
    expect(await keeper.replacementFor(accessTokenOf("only"))).toBeNull();
  });

  it("refreshes once for all who wait, and writes it down before it is used", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 1_000));
    const asked = Promise.all([keeper.accessToken(), keeper.accessToken(), keeper.replacementFor(accessTokenOf("old"))]);
    release();
    expect(await asked).toEqual(["new", "new", "new"]);
    expect(steps).toEqual(["exchange old", "persist new"]);
  });

  it("lets the old one go out while it refreshes ahead of its end", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 30_000));
    expect(await keeper.accessToken()).toEqual("old");
    expect(steps).toEqual(["exchange old"]);
    release();
    expect(await keeper.replacementFor(accessTokenOf("old"))).toEqual("new");
  });

  it("takes the refusal of an older token for no fault of the newer", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 600_000));
    release();
    expect(await keeper.replacementFor(accessTokenOf("old"))).toEqual("new");
    expect(await keeper.replacementFor(accessTokenOf("old"))).toEqual("new");
    expect(steps).toEqual(["exchange old", "persist new"]);
  });

  it("says why a refresh failed, and tries again the next time", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 0), { fails: true });
    release();
    await expect(keeper.accessToken()).rejects.toThrow("refused");
    await expect(keeper.accessToken()).rejects.toThrow("refused");
    expect(steps).toEqual(["exchange old", "exchange old"]);
  });

  /** A keeper with clocks that the test sets; every exchange gives another pair, or fails with what is in `failures`. */
  function clockedKeeper(lifetimeMs: number, { failures = [] as unknown[], writes = [] as unknown[] } = {}) {
    const clock = { now: NOW, elapsed: 0 };
    let given = 0;
    const exchanged: string[] = [];
    const refresh = {
      exchange: async ({ accessToken }: AccessTokens) => {
        exchanged.push(accessToken.reveal());
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        given += 1;
        return { accessToken: accessTokenOf(`token ${given}`), expiresAt: clock.now + lifetimeMs, lifetimeMs };
      },
      persist: async () => {
        const failure = writes.shift();
        if (failure !== undefined) throw failure;
      },
    };
    const first = { accessToken: accessTokenOf("token 0"), expiresAt: NOW + lifetimeMs, lifetimeMs };
    const keeper = new TokenKeeper(first, refresh, { now: () => clock.now, elapsed: () => clock.elapsed });
    const pass = (milliseconds: number): void => void ((clock.now += milliseconds), (clock.elapsed += milliseconds));
    return { keeper, clock, pass, exchanged };
  }

  it("keeps a token of a short life as long as is right for it", async () => {
    const { keeper, pass, exchanged } = clockedKeeper(20_000);
    expect(await keeper.accessToken()).toEqual("token 0");
    pass(15_000);
    expect(await keeper.accessToken()).toEqual("token 0");
    expect(exchanged).toEqual([]);
    pass(1_500);
    expect(await keeper.accessToken()).toEqual("token 0");
    expect(exchanged).toEqual(["token 0"]);
  });

  it.each([
    ["set back", -3_600_000],
    ["set forward", 3_600_000],
  ])("refreshes once when the clock is %s", async (_what, jump) => {
    const { keeper, clock, pass, exchanged } = clockedKeeper(300_000);
    clock.now += jump;
    pass(299_000);
    expect(await keeper.accessToken()).toEqual("token 1");
    pass(1_000);
    expect(await keeper.accessToken()).toEqual("token 1");
    expect(exchanged).toEqual(["token 0"]);
  });

  it("believes the clock on the wall after a sleep, in which the other stood still", async () => {
    const { keeper, clock } = clockedKeeper(300_000);
    clock.now += 3_600_000;
    expect(await keeper.accessToken()).toEqual("token 1");
  });

  it("leaves a server alone after a failure, for as long as it asks or ever longer", async () => {
    const limited = fail("rate_limited", { retryAfterMs: 7_000 });
    const failures = [new Error("down"), new Error("still down"), new Error("refused", { cause: limited })];
    const { keeper, pass, exchanged } = clockedKeeper(300_000, { failures });
    pass(300_000);
    const asks = (): Promise<string> =>
      keeper
        .accessToken()
        .then((token) => token.reveal())
        .catch((error: Error) => error.message);
    expect([await asks(), await asks()]).toEqual(["down", "down"]);
    pass(2_000);
    expect([await asks(), await asks()]).toEqual(["still down", "still down"]);
    pass(2_000);
    expect(await asks()).toBe("still down");
    pass(2_000);
    expect(await asks()).toBe("refused");
    pass(6_999);
    expect(await asks()).toBe("refused");
    expect(exchanged).toHaveLength(3);
    pass(1);
    expect(await asks()).toBe("token 1");
  });

  it("writes down what it was given before it asks for more", async () => {
    const { keeper, pass, exchanged } = clockedKeeper(300_000, { writes: [new Error("disk full")] });
    pass(299_000);
    await expect(keeper.accessToken()).rejects.toThrow("disk full");
    pass(2_000);
    expect(await keeper.accessToken()).toEqual("token 1");
    expect(exchanged).toEqual(["token 0"]);
  });

  it("does not refresh because of the refusal of a token that was never taken", async () => {
    const { keeper, pass, exchanged } = clockedKeeper(300_000);
    expect(await keeper.replacementFor(accessTokenOf("token 0"))).toEqual("token 1");
    await expect(keeper.replacementFor(accessTokenOf("token 1"))).rejects.toThrow("account_refused_for_now");
    await expect(keeper.accessToken()).rejects.toThrow("account_refused_for_now");
    expect(exchanged).toHaveLength(1);
    pass(30_000);
    expect(await keeper.accessToken()).toEqual("token 1");
    keeper.accepted(accessTokenOf("token 1"));
    expect(await keeper.replacementFor(accessTokenOf("token 1"))).toEqual("token 2");
  });

  it("refreshes after the refusal of a token that was never taken where its time was up", async () => {
    const { keeper, pass } = clockedKeeper(300_000);
    expect(await keeper.replacementFor(accessTokenOf("token 0"))).toEqual("token 1");
    pass(300_000);
    expect(await keeper.replacementFor(accessTokenOf("token 1"))).toEqual("token 2");
  });

  it("asks nothing more once the session is over", async () => {
    const { keeper, exchanged } = clockedKeeper(300_000, { failures: [fail("unauthenticated", { softLogout: false })] });
    await expect(keeper.replacementFor(accessTokenOf("token 0"))).rejects.toThrow("unauthenticated");
    await expect(keeper.accessToken()).rejects.toThrow("unauthenticated");
    await expect(keeper.replacementFor(accessTokenOf("token 0"))).rejects.toThrow("unauthenticated");
    expect(exchanged).toHaveLength(1);
  });

  it("says whether the tokens that are written down are the last that were given", async () => {
    const { keeper, release } = keeperOf(tokens("old", 30_000));
    expect(await keeper.settled()).toEqual({ lastKnown: true });
    await keeper.accessToken();
    expect(await keeper.settled(0)).toEqual({ lastKnown: false });
    release();
    expect(await keeper.settled()).toEqual({ lastKnown: true });
  });

  const host = "auth.example";
  it.each([
    ["the answer was lost", { failures: [fail("network", { reason: "timeout", host })] }, false],
    [
      "the answer was lost, as it is told",
      { failures: [new AppFailure({ kind: "sign_in_service_unreachable", host }, { cause: fail("network", { reason: "cut", host }) })] },
      false,
    ],
    ["they could not be written down", { writes: [new Error("disk full")] }, false],
    ["the server was not reached", { failures: [fail("network", { reason: "refused", host })] }, true],
    ["the server refused it", { failures: [fail("unauthenticated", { softLogout: false })] }, true],
  ])("says so after a refresh that failed: %s", async (_why, failing, lastKnown) => {
    const { keeper } = clockedKeeper(300_000, failing);
    await keeper.replacementFor(accessTokenOf("token 0")).catch(() => undefined);
    expect(await keeper.settled()).toEqual({ lastKnown });
  });
});
