import type { Account } from "../../../shared/contract/accounts.ts";
import { secretsNeed, useSecrets } from "../../stores/secrets.ts";
import { useAccounts } from "../../stores/accounts.ts";

/**
 * Whether the pages give way to the question about secrets. While some account runs they do not: then a keychain that
 * was locked meanwhile is only told about. A passphrase is asked for at each start alone, so its question stays until it
 * is answered or put off: it must not go away while somebody types.
 */
export function useSecretsGateNeeded(): boolean {
  const need = useSecrets(({ state }) => secretsNeed(state));
  const putOff = useSecrets((secrets) => secrets.putOff);
  const someRun = useAccounts(({ byId }) => Object.values(byId).some(isRunning));
  return need !== null && (!someRun || (need === "unlock" && !putOff));
}

/** Whether there is an account that can be used without answering the question. */
export function isRunning({ session }: Account): boolean {
  return session.status === "running";
}
