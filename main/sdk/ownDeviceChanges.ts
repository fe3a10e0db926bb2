import type { MatrixClient } from "matrix-js-sdk";

interface SyncChanges {
  deviceLists?: { changed?: string[] };
}

/** The SDK's crypto, as its sync hands to it what concerns encryption. Not in its public interface: its shape is checked. */
interface TakesSyncChanges {
  processSyncChanges(changes: SyncChanges): Promise<unknown>;
}

const watched = new WeakSet<object>();

/**
 * Calls back when the account's own list of devices has changed, as the sync tells it (`device_lists` of
 * `GET /_matrix/client/v3/sync`). The SDK's own events tell of devices with encryption keys alone, and whoever has only
 * the password need not upload any. A client is watched once.
 * @throws Error when the SDK's crypto is not made as it was
 */
export function onOwnDevicesChanged(client: MatrixClient, changed: () => void): void {
  const crypto = client.getCrypto() as unknown as Partial<TakesSyncChanges> | undefined;
  const processSyncChanges = crypto?.processSyncChanges;
  if (!crypto || typeof processSyncChanges !== "function") throw new Error("The SDK's crypto lacks processSyncChanges");
  if (watched.has(crypto)) return;
  watched.add(crypto);
  const userId = client.getSafeUserId();
  crypto.processSyncChanges = async (changes) => {
    const processed: unknown = await processSyncChanges.call(crypto, changes);
    if (changes.deviceLists?.changed?.includes(userId)) changed();
    return processed;
  };
}
