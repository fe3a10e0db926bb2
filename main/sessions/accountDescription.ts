import type { Account } from "../../shared/contract/accounts.ts";
import type { AccountEntry } from "../storage/accountIndex.ts";
import type { SessionSnapshot } from "./matrixSession.ts";

const NOT_STARTED: SessionSnapshot = { status: "stopped", error: null, offline: false };

/**
 * An account as the renderer sees it, from what is remembered of it and from how its session is.
 *
 * @param waits whether it is about to start
 */
export function describeAccount(entry: AccountEntry, session: SessionSnapshot = NOT_STARTED, waits = false): Account {
  const setAside = (entry.setAside ?? []).reduce((sum, { roomKeys }) => sum + roomKeys, 0);
  return {
    accountId: entry.accountId,
    userId: entry.userId,
    deviceId: entry.deviceId,
    homeserver: entry.homeserver,
    displayName: entry.displayName,
    avatarPath: avatarPathOf(entry),
    session: waits && session.status === "stopped" ? { ...session, status: "starting" } : session,
    health: entry.health,
    ...(setAside > 0 && { roomKeysSetAside: setAside }),
  };
}

/** The path on our own origin under which the renderer finds the picture; changes when the picture does. */
function avatarPathOf({ accountId, avatar }: AccountEntry): string | null {
  return avatar && `/avatars/${accountId}?${avatar.hash}`;
}
