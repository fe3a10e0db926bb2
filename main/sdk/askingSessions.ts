import type { MatrixClient } from "matrix-js-sdk";
import type { Logger } from "../logging/logger.ts";
import { inTime, LATE } from "../storage/inTime.ts";
import { aroundSyncChanges, type SyncChanges } from "./syncChanges.ts";

/** How long a sync may wait for the keys, in milliseconds: what else it brings is wanted, too. */
const KEYS_MS = 15_000;
const REQUEST = "m.key.verification.request";

/**
 * Sees to it that the keys of a session of this account are here before the crypto machine is given that session's
 * request to verify (Client-Server API, `m.key.verification.request`). The machine drops a request from a session whose
 * keys it does not have, without a word to either side ("Could not retrieve the device data for the incoming verification
 * request"): so it did when somebody signed in and asked at once, or asked while this app was not running. Where the keys
 * do not come, the machine gets the request all the same. To be called before the first sync.
 */
export function knowSessionsThatAsk(client: MatrixClient, logger: Logger): void {
  aroundSyncChanges(client, {
    before: async (changes) => {
      try {
        if (await isStranger(client, askingSessions(changes, client.getSafeUserId()))) await askForKeys(client);
      } catch (error) {
        logger.warn("the keys of a session that asks to verify did not come", { error });
      }
    },
  });
}

/** The ids of this account's sessions that ask to verify. */
function askingSessions({ toDeviceEvents }: SyncChanges, userId: string): string[] {
  return (toDeviceEvents ?? []).flatMap(({ type, sender, content }) => {
    if (type !== REQUEST || sender !== userId) return [];
    const deviceId = (content as { from_device?: unknown } | null | undefined)?.from_device;
    return typeof deviceId === "string" ? [deviceId] : [];
  });
}

async function isStranger(client: MatrixClient, deviceIds: readonly string[]): Promise<boolean> {
  if (deviceIds.length === 0) return false;
  const userId = client.getSafeUserId();
  const known = (await client.getCrypto()!.getUserDeviceInfo([userId])).get(userId);
  return deviceIds.some((deviceId) => known?.has(deviceId) !== true);
}

async function askForKeys(client: MatrixClient): Promise<void> {
  // Of the SDK's ways to look at own devices, this one alone makes a key query and waits for its answer.
  const asked = client.getCrypto()!.userHasCrossSigningKeys(client.getSafeUserId(), true);
  if ((await inTime(asked, KEYS_MS)) === LATE) throw new Error("not in time");
}
