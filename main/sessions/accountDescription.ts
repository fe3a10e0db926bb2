import type { Account } from "../../shared/contract/accounts.ts";
import type { AccountEntry } from "../storage/accountIndex.ts";
import type { SessionSnapshot } from "./matrixSession.ts";

const NOT_STARTED: SessionSnapshot = { status: "stopped", error: null, offline: false };

/** An account as the renderer sees it, from what is remembered of it and from how its session is. */
export function describeAccount(entry: AccountEntry, session: SessionSnapshot = NOT_STARTED): Account {
  return {
    accountId: entry.accountId,
    userId: entry.userId,
    deviceId: entry.deviceId,
    homeserver: entry.homeserver,
    displayName: entry.displayName,
    avatarPath: avatarPathOf(entry),
    session,
    health: entry.health,
  };
}

/** The path on our own origin under which the renderer finds the picture; changes when the picture does. */
function avatarPathOf({ accountId, avatar }: AccountEntry): string | null {
  return avatar && `/avatars/${accountId}?${avatar.hash}`;
}
