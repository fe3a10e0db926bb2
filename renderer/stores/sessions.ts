import { create } from "zustand";
import type { Session } from "../../shared/contract/sessions.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { errorOf, steward } from "../bridge.ts";

/** What is known of one account's sessions. */
export interface SessionsEntry {
  readonly sessions: readonly Session[] | null;
  readonly error: AppError | null;
}

const nothing: SessionsEntry = { sessions: null, error: null };

const useSessionsStore = create<{ readonly byAccount: Readonly<Record<AccountId, SessionsEntry>> }>()(() => ({
  byAccount: {},
}));

/** The sessions of an account as they were last told. */
export function useSessions(accountId: AccountId): SessionsEntry {
  return useSessionsStore((state) => state.byAccount[accountId] ?? nothing);
}

function update(accountId: AccountId, entry: SessionsEntry): void {
  useSessionsStore.setState(({ byAccount }) => ({ byAccount: { ...byAccount, [accountId]: entry } }));
}

/** Asks the server for the list. What was known stays on the screen meanwhile. */
export async function loadSessions(accountId: AccountId): Promise<void> {
  try {
    update(accountId, { ...(await steward.sessions.list({ accountId })), error: null });
  } catch (thrown) {
    const { sessions } = useSessionsStore.getState().byAccount[accountId] ?? nothing;
    update(accountId, { sessions, error: errorOf(thrown) });
  }
}

/** Asks again for a list that is known, because it is not as it was. */
export function sessionsChanged(accountId: AccountId): void {
  if (useSessionsStore.getState().byAccount[accountId]) void loadSessions(accountId);
}

/** Names a session anew. @throws RequestFailure */
export async function renameSession(accountId: AccountId, deviceId: string, name: string): Promise<void> {
  update(accountId, { ...(await steward.sessions.rename({ accountId, deviceId, name })), error: null });
}

/** Signs other sessions out; resolves after the Challenge. @throws RequestFailure */
export async function signOutSessions(accountId: AccountId, deviceIds: readonly string[]): Promise<void> {
  update(accountId, { ...(await steward.sessions.signOut({ accountId, deviceIds: [...deviceIds] })), error: null });
}
