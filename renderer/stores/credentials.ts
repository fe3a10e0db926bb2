import type { Credentials } from "../../shared/contract/newUsers.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Passwords that each account, as an admin, has set and not handed out yet. */
export const waitingCredentials = createLoaded<readonly Omit<Credentials, "password">[]>(
  async (accountId) => (await steward.newUsers.waitingCredentials({ accountId })).waiting,
);

/** The person has the password: main deletes it. @throws RequestFailure */
export async function forgetCredentials(accountId: AccountId, credentialsId: Credentials["credentialsId"]): Promise<void> {
  await steward.newUsers.forgetCredentials({ accountId, credentialsId });
  await waitingCredentials.load(accountId);
}
