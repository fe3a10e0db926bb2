import { expect, it } from "vitest";
import { takeUpAgain } from "../../../main/encryption/continueSetUp.ts";
import { fail } from "../../../shared/errors.ts";

const limited = () => fail("rate_limited", { retryAfterMs: 10 });
const options = (stop: AbortSignal) => ({ ready: () => Promise.resolve(), asked: () => false, stop });

it("is cancelled when the person stops it, also where the request under way then fails by itself", async () => {
  const stop = new AbortController();
  const work = (): Promise<never> => {
    stop.abort();
    return Promise.reject(limited());
  };
  await expect(takeUpAgain(work, options(stop.signal))).rejects.toMatchObject({ error: { kind: "cancelled" } });
});

it("says what stopped it when it was not the person", async () => {
  const stop = new AbortController();
  const work = (): Promise<never> => {
    stop.abort(fail("account_not_running"));
    return Promise.reject(fail("account_not_running"));
  };
  await expect(takeUpAgain(work, options(stop.signal))).rejects.toMatchObject({ error: { kind: "account_not_running" } });
});
