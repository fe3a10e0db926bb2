import { expect, test } from "vitest";
import { type AppError, type AppFailure, fail, isFailure } from "../../../shared/errors.ts";

test("a failure that is of the kind asked for has that kind's fields, and no other's", () => {
  const thrown: unknown = fail("rate_limited", { retryAfterMs: 7_000 });
  if (!isFailure(thrown, "rate_limited")) throw new Error("It is one");
  const wait: number = thrown.error.retryAfterMs;
  expect(wait).toBe(7_000);
  const kind: "rate_limited" = thrown.error.kind;
  expect(kind).toBe("rate_limited");
  // @ts-expect-error It is a field of another kind.
  expect(thrown.error.status).toBeUndefined();
});

test("what is of another kind, or is no failure, is not told apart any further", () => {
  const failure: AppFailure = fail("not_found");
  for (const thrown of [failure, new Error("rate_limited"), { error: { kind: "rate_limited" } }, null]) {
    expect(isFailure(thrown, "rate_limited")).toBe(false);
  }
  if (isFailure(failure, "rate_limited")) throw new Error("It is none");
  const error: AppError = failure.error;
  expect(error).toEqual({ kind: "not_found" });
});
