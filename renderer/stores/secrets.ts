import { create } from "zustand";
import type { SecretsState } from "../../shared/contract/secrets.ts";
import { steward } from "../bridge.ts";

/** How this computer keeps secrets; null until main has said. */
export const useSecrets = create<{ readonly state: SecretsState | null }>()(() => ({ state: null }));

/** Takes in the state as it is now. */
export function secretsChanged(state: SecretsState): void {
  useSecrets.setState({ state });
}

/** Asks main for the state. */
export async function loadSecrets(): Promise<void> {
  secretsChanged(await steward.secrets.state({}));
}

/** What the person has to do before accounts can be used, or null. */
export function secretsNeed(state: SecretsState | null): "choose" | "unlock" | "keychain" | null {
  if (!state) return null;
  if (state.keychainProblem) return "keychain";
  if (state.protection === "unprotected") return "choose";
  return state.locked ? "unlock" : null;
}
