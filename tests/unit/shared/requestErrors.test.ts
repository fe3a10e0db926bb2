import { expect, test } from "vitest";
import type { CommonErrorKind, Contract, ErrorKindOf, OwnErrorKindOf } from "../../../shared/contract/index.ts";
import { COMMON_ERRORS } from "../../../shared/contract/errorKinds.ts";
import type { AppError } from "../../../shared/errors.ts";

type Change = Contract["password"]["requests"]["change"];
type Failure = Extract<AppError, { kind: ErrorKindOf<Change> }>;

/** What a view would say of its own accord; the compiler wants each of the request's own kinds, and nothing else. */
function ownWords(error: Failure): string | null {
  switch (error.kind) {
    case "password_refused":
      return error.reason;
    case "password_maybe_changed":
    case "not_allowed_by_server":
      return "password";
    case "wrong_credentials":
    case "stage_not_finished":
    case "confirmed_by_other":
    case "challenge_cancelled":
      return "confirming";
    default: {
      const common: CommonErrorKind = error.kind;
      return common === "internal" ? "internal" : null;
    }
  }
}

/** One kind is forgotten, so that what is left is not of the common ones alone. */
function forgetful(error: Extract<AppError, { kind: OwnErrorKindOf<Change> }>): void {
  switch (error.kind) {
    case "password_refused":
    case "password_maybe_changed":
    case "not_allowed_by_server":
    case "wrong_credentials":
    case "stage_not_finished":
    case "confirmed_by_other":
      return;
    default: {
      // @ts-expect-error `challenge_cancelled` is left.
      const nothing: never = error;
      return nothing;
    }
  }
}

/** What the request cannot end with is no case of it. */
function astray(error: Failure): boolean {
  // @ts-expect-error It is not among the kinds.
  return error.kind === "weak_phrase";
}

test("a switch over what a request names leaves the common errors, and the compiler says what was forgotten", () => {
  expect(ownWords({ kind: "password_refused", reason: "too_short" })).toBe("too_short");
  expect(ownWords({ kind: "internal", ref: "00000000" })).toBe("internal");
  expect(ownWords({ kind: "account_not_running" })).toBeNull();
  expect([forgetful.length, astray.length]).toEqual([1, 1]);
});

test("what every request may end with is named once", () => {
  expect(new Set(COMMON_ERRORS).size).toBe(COMMON_ERRORS.length);
});
