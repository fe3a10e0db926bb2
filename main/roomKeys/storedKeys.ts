import type { CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import type { StoredKeys, StoredKeysReader } from "./storedKeysReader.ts";
import type { WorkerHost } from "./workerHost.ts";

export type { StoredKeysReader };

/** Opens a session's room keys. Threads that read none do without the crypto WASM, which takes its memory. */
export async function openStoredKeys(session: CryptoStoreSnapshot, host: WorkerHost): Promise<StoredKeysReader> {
  const { StoredKeysReader } = await import("./storedKeysReader.ts");
  return await StoredKeysReader.open(session, host);
}

/** All room keys of a session, or those of some rooms, piece by piece. Throws as `StoredKeysReader` does. */
export async function* storedKeys(
  session: CryptoStoreSnapshot,
  host: WorkerHost,
  rooms: ReadonlySet<string> | null,
): AsyncGenerator<StoredKeys, void> {
  const reader = await openStoredKeys(session, host);
  try {
    yield* reader.all(rooms);
  } finally {
    reader.close();
  }
}
