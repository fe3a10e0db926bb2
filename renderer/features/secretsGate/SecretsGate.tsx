import { secretsNeed, useSecrets } from "../../stores/secrets.ts";
import { ChooseProtection } from "./ChooseProtection.tsx";
import { KeychainProblem } from "./KeychainProblem.tsx";
import { UnlockSecrets } from "./UnlockSecrets.tsx";

/** Stands before everything else while this computer's secrets cannot be used. */
export function SecretsGate() {
  const state = useSecrets((secrets) => secrets.state);
  switch (secretsNeed(state)) {
    case "choose":
      return <ChooseProtection />;
    case "unlock":
      return <UnlockSecrets />;
    case "keychain":
      return <KeychainProblem problem={state?.keychainProblem ?? "unreachable"} />;
    case null:
      return null;
  }
}
