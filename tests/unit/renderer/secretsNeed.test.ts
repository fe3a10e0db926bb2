import { expect, test } from "vitest";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { secretsNeed } from "../../../renderer/stores/secrets.ts";

const state = (
  protection: SecretsState["protection"],
  { locked = false, keychainProblem = null }: Partial<SecretsState> = {},
): SecretsState => ({ protection, locked, keychainProblem });

test("what protects new secrets is what is asked about", () => {
  expect(secretsNeed(null)).toBeNull();
  expect(secretsNeed(state("keychain"))).toBeNull();
  expect(secretsNeed(state("unprotected"))).toBe("choose");
  expect(secretsNeed(state("passphrase"))).toBeNull();
  expect(secretsNeed(state("passphrase", { locked: true }))).toBe("unlock");
  expect(secretsNeed(state("this_time_only"))).toBeNull();
});

test("a keychain that is gone is in the way only of those who have not chosen to go on without it", () => {
  for (const keychainProblem of ["locked", "unreachable"] as const) {
    expect(secretsNeed(state("keychain", { locked: true, keychainProblem }))).toBe("keychain");
    expect(secretsNeed(state("passphrase", { locked: true, keychainProblem }))).toBe("unlock");
    expect(secretsNeed(state("passphrase", { keychainProblem }))).toBeNull();
    expect(secretsNeed(state("this_time_only", { keychainProblem }))).toBeNull();
  }
});
