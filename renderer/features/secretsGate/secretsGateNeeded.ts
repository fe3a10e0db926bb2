import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { secretsNeed } from "../../stores/secrets.ts";

/**
 * Whether the pages give way to the question about secrets. While some account runs they do not: then a keychain that
 * was locked meanwhile is only told about.
 */
export function secretsGateNeeded(state: SecretsState | null, accounts: readonly Account[]): boolean {
  return secretsNeed(state) !== null && !accounts.some(({ session }) => session.status === "running");
}
