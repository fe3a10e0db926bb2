import type { AccountId } from "../../shared/ids.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { DeviceList } from "./deviceList.ts";
import { NewSessions } from "./newSessions.ts";
import { watchSessions } from "./sessionWatch.ts";

export type DeviceServicesParts = Pick<
  ServiceParts,
  "folders" | "sessions" | "challenges" | "changes" | "removal" | "emit" | "loggerFor" | "onDamaged"
>;

/** Makes what lists accounts' sessions, and notices new ones. */
export function createDeviceServices({ folders, sessions, challenges, changes, removal, emit, loggerFor, onDamaged }: DeviceServicesParts) {
  const logger = loggerFor("accounts");
  const onChanged = (accountId: AccountId): void => changes.announce(accountId, "sessions");
  const newSessions = new NewSessions({ fileOf: (accountId) => folders.account(accountId).knownSessions, onDamaged, emit, logger });
  removal.join((accountId) => newSessions.forget(accountId));
  return {
    devices: new DeviceList({
      sessions,
      challenges,
      onChanged,
      onEnding: (accountId, deviceIds) => changes.announceEndingSessions(accountId, deviceIds),
    }),
    newSessions,
    /** From now on changes of the accounts' sessions are noticed as they happen, which costs a look at each. */
    watchSessions: () => watchSessions({ sessions, newSessions, onChanged, logger }),
  };
}
