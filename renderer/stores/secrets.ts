import { create } from "zustand";
import type { SecretsState } from "../../shared/contract/secrets.ts";
import { steward } from "../bridge.ts";
import { createLatest } from "./latest.ts";

interface Secrets {
  /** How this computer keeps secrets; null until main has said. */
  readonly state: SecretsState | null;
  /** The person wants to give the passphrase later, and use the accounts that do not need it. */
  readonly putOff: boolean;
}

export const useSecrets = create<Secrets>()(() => ({ state: null, putOff: false }));

/** Lets the accounts be used that do not need the passphrase. */
export function putOffUnlocking(): void {
  useSecrets.setState({ putOff: true });
}

const latest = createLatest<SecretsState>(
  () => steward.secrets.state({}),
  (state) => useSecrets.setState({ state }),
);

/** Takes in the state as it is now. */
export const secretsChanged = latest.told;

/** Asks main for the state. */
export const loadSecrets = latest.load;

/**
 * What the person has to do before secrets can be kept where they are to be, or null. A keychain that does not answer is
 * no such thing once they have chosen to go on without it: then only its own accounts wait for it.
 */
export function secretsNeed(state: SecretsState | null): "choose" | "unlock" | "keychain" | null {
  switch (state?.protection) {
    case "unprotected":
      return "choose";
    case "passphrase":
      return state.locked ? "unlock" : null;
    case "keychain":
      return state.keychainProblem ? "keychain" : null;
    default:
      return null;
  }
}
