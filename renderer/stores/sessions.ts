import type { Session } from "../../shared/contract/devices.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** The sessions of each account as the server last told them. */
export const sessionLists = createLoaded<readonly Session[]>(
  async (accountId) => (await steward.devices.list({ accountId })).sessions,
);

/** Names a session. @throws RequestFailure */
export async function renameSession(accountId: AccountId, deviceId: string, name: string): Promise<void> {
  sessionLists.set(accountId, (await steward.devices.rename({ accountId, deviceId, name })).sessions);
}

/** Signs other sessions out; resolves after the Challenge. @throws RequestFailure */
export async function signOutSessions(accountId: AccountId, deviceIds: readonly string[]): Promise<void> {
  const { sessions } = await steward.devices.signOut({ accountId, deviceIds: [...deviceIds] });
  sessionLists.set(accountId, sessions);
}
