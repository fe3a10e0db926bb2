import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { loadAccounts, useAccounts } from "../../stores/accounts.ts";
import { go, useRoutes } from "../../stores/routes.ts";
import { secretsChanged, secretsNeed } from "../../stores/secrets.ts";

/** Takes in what main has answered to something the person did about secrets. */
export async function taken(answer: Promise<SecretsState>): Promise<void> {
  const state = await answer;
  secretsChanged(state);
  // What the accounts are doing has changed with it; the list may not have been readable before.
  if (useAccounts.getState().status === "failed") await loadAccounts();
  if (secretsNeed(state) === null && useRoutes.getState().route.name === "secrets") go({ name: "all" });
}
