import type { MatrixClient } from "matrix-js-sdk";
import { aroundSyncChanges } from "./syncChanges.ts";

const watched = new WeakSet<MatrixClient>();

/**
 * Calls back when the account's own list of devices has changed, as the sync tells it (`device_lists` of
 * `GET /_matrix/client/v3/sync`). The SDK's own events tell of devices with encryption keys alone, and whoever has only
 * the password need not upload any. A client is watched once.
 * @throws Error when the SDK's crypto is not made as it was
 */
export function onOwnDevicesChanged(client: MatrixClient, changed: () => void): void {
  if (watched.has(client)) return;
  const userId = client.getSafeUserId();
  aroundSyncChanges(client, {
    after: ({ deviceLists }) => {
      if (deviceLists?.changed?.includes(userId)) changed();
    },
  });
  watched.add(client);
}
