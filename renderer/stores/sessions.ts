import type { NewSession, Session, SessionAnswer } from "../../shared/contract/devices.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** The sessions of each account as the server last told them. */
export const sessionLists = createLoaded<readonly Session[]>(async (accountId) => (await steward.devices.list({ accountId })).sessions);

/** Names a session. @throws RequestFailure */
export async function renameSession(accountId: AccountId, deviceId: string, name: string): Promise<void> {
  sessionLists.set(accountId, (await steward.devices.rename({ accountId, deviceId, name })).sessions);
}

/** Signs other sessions out; resolves after the Challenge. @throws RequestFailure */
export async function signOutSessions(accountId: AccountId, deviceIds: readonly string[]): Promise<void> {
  const { sessions } = await steward.devices.signOut({ accountId, deviceIds: [...deviceIds] });
  sessionLists.set(accountId, sessions);
}

/** Sessions of each account that were not there before, and that the person has not said anything about. */
export const newSessionLists = createLoaded<readonly NewSession[]>(
  async (accountId) => (await steward.devices.newSessions({ accountId })).newSessions,
);

/** Says whose session it is. @throws RequestFailure */
export async function answerNewSession(accountId: AccountId, deviceId: string, answer: SessionAnswer): Promise<void> {
  newSessionLists.set(accountId, (await steward.devices.answerNewSession({ accountId, deviceId, answer })).newSessions);
}
