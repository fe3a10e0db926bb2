import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { onOwnDevicesChanged } from "../sdk/ownDeviceChanges.ts";
import { listDevices } from "./deviceList.ts";
import type { NewSessions } from "./newSessions.ts";

/** What the watch needs. */
export interface SessionWatchParts {
  sessions: SessionManager;
  newSessions: NewSessions;
  /** Called when sessions have come or gone, or are verified by other keys, wherever that was done. */
  onChanged: (accountId: AccountId) => void;
  logger: Logger;
}

/**
 * Keeps an eye on the sessions of every running account: what the sync says has changed is looked at once, so that an
 * account at rest costs no request.
 */
export function watchSessions({ sessions, newSessions, onChanged, logger }: SessionWatchParts): void {
  const looking = new Set<AccountId>();
  const again = new Set<AccountId>();

  async function look(accountId: AccountId): Promise<void> {
    if (looking.has(accountId)) return void again.add(accountId);
    looking.add(accountId);
    try {
      do {
        again.delete(accountId);
        const devices = await sessions.session(accountId).use(listDevices);
        await newSessions.take(accountId, devices);
        onChanged(accountId);
      } while (again.has(accountId));
    } catch (error) {
      // The next change, or the next start, looks again.
      logger.info("the sessions were not looked at", { accountId, error });
    } finally {
      looking.delete(accountId);
      again.delete(accountId);
    }
  }

  sessions.onRunning((accountId) => {
    const watched = sessions.session(accountId).use((client) => {
      onOwnDevicesChanged(client, () => void look(accountId));
      return Promise.resolve();
    });
    watched.catch((error: unknown) => logger.warn("the sessions are not watched", { accountId, error }));
  });
}
