import type { MatrixClient } from "matrix-js-sdk";

/** What concerns encryption in an answer of `GET /_matrix/client/v3/sync`, as the SDK's sync hands it to its crypto. */
export interface SyncChanges {
  toDeviceEvents?: readonly ToDeviceEvent[];
  deviceLists?: { changed?: string[] };
}

/** An event that is sent to this device, as the server gives it: its content is unchecked. */
export interface ToDeviceEvent {
  type?: unknown;
  sender?: unknown;
  content?: unknown;
}

/** Not in the public interface of the SDK's crypto: its shape is checked. */
interface TakesSyncChanges {
  processSyncChanges(changes: SyncChanges): Promise<unknown>;
}

/** What is done about each sync, around what the SDK does. */
export interface AroundSyncChanges {
  /** Waited for before the SDK gets to see the changes. Must not throw. */
  before?: (changes: SyncChanges) => Promise<void>;
  /** Called when the SDK has taken them in. */
  after?: (changes: SyncChanges) => void;
}

/**
 * Takes part in each sync of a client, from now on.
 * @throws Error when the SDK's crypto is not made as it was
 */
export function aroundSyncChanges(client: MatrixClient, { before, after }: AroundSyncChanges): void {
  const crypto = client.getCrypto() as unknown as Partial<TakesSyncChanges> | undefined;
  const processSyncChanges = crypto?.processSyncChanges;
  if (!crypto || typeof processSyncChanges !== "function") throw new Error("The SDK's crypto lacks processSyncChanges");
  crypto.processSyncChanges = async (changes) => {
    await before?.(changes);
    const processed: unknown = await processSyncChanges.call(crypto, changes);
    after?.(changes);
    return processed;
  };
}
