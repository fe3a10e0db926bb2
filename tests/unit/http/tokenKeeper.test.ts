import { describe, expect, it } from "vitest";
import { type AccessTokens, TokenKeeper } from "../../../main/http/tokenKeeper.ts";

const NOW = 1_000_000;
const tokens = (accessToken: string, left: number | null): AccessTokens => ({
  accessToken,
  expiresAt: left === null ? null : NOW + left,
});

/** A keeper whose refreshes end when the test says so; `steps` has what happened. */
function keeperOf(first: AccessTokens, { fails = false } = {}) {
  const steps: string[] = [];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const refresh = {
    exchange: async ({ accessToken }: AccessTokens) => {
      steps.push(`exchange ${accessToken}`);
      await gate;
      if (fails) throw new Error("refused");
      return tokens("new", 600_000);
    },
    persist: async ({ accessToken }: AccessTokens) => void steps.push(`persist ${accessToken}`),
  };
  return { keeper: new TokenKeeper(first, refresh, () => NOW), steps, release };
}

describe("a token keeper", () => {
  it("has nothing better where there is nothing to refresh with", async () => {
    const keeper = new TokenKeeper(tokens("only", -1));
    expect(await keeper.accessToken()).toBe("only");
    expect(await keeper.replacementFor("only")).toBeNull();
  });

  it("refreshes once for all who wait, and writes it down before it is used", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 1_000));
    const asked = Promise.all([keeper.accessToken(), keeper.accessToken(), keeper.replacementFor("old")]);
    release();
    expect(await asked).toEqual(["new", "new", "new"]);
    expect(steps).toEqual(["exchange old", "persist new"]);
  });

  it("lets the old one go out while it refreshes ahead of its end", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 30_000));
    expect(await keeper.accessToken()).toBe("old");
    expect(steps).toEqual(["exchange old"]);
    release();
    expect(await keeper.replacementFor("old")).toBe("new");
  });

  it("takes the refusal of an older token for no fault of the newer", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 600_000));
    release();
    expect(await keeper.replacementFor("old")).toBe("new");
    expect(await keeper.replacementFor("old")).toBe("new");
    expect(steps).toEqual(["exchange old", "persist new"]);
  });

  it("says why a refresh failed, and tries again the next time", async () => {
    const { keeper, steps, release } = keeperOf(tokens("old", 0), { fails: true });
    release();
    await expect(keeper.accessToken()).rejects.toThrow("refused");
    await expect(keeper.accessToken()).rejects.toThrow("refused");
    expect(steps).toEqual(["exchange old", "exchange old"]);
  });
});
