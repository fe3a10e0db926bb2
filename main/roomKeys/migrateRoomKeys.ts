import type { StoreReader } from "../cryptoStore/index.ts";
import type { CryptoMachine } from "../sdk/cryptoInternals.ts";
import { idOf, type RoomKey } from "./roomKey.ts";
import { runWorker } from "./runWorker.ts";
import { takeExported } from "./importToSession.ts";
import { describeCryptoStore, pieceOf, type CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import type { WorkerCalls } from "./workerProtocol.ts";

/** The crypto store that room keys come from; it is mounted, and its session does not run. */
export type RoomKeySource = { reader: StoreReader } & Pick<CryptoStoreSnapshot, "userId" | "deviceId" | "storageKey">;

/**
 * Gives all room keys in a crypto store to another session of the account, piece by piece: a thread opens them, and main
 * neither holds them all nor waits for them. What the session has already is left as it is. Afterwards both stores are
 * compared: what the crypto machine says it took proves nothing.
 *
 * Answers how many there were, and of how many no copy that opens as much is shown to be in the other store, for whatever
 * reason. Throws `cancelled`, and what the crypto WASM throws when the key does not open a store.
 */
export async function migrateRoomKeys(
  { reader, ...session }: RoomKeySource,
  to: RoomKeySource & { machine: Pick<CryptoMachine, "importExportedRoomKeys"> },
  signal: AbortSignal,
): Promise<{ keys: number; left: number }> {
  // A session that never came to run has left nothing.
  if (reader.outline(() => false).length === 0) return { keys: 0, left: 0 };
  const store = describeCryptoStore(reader, session);
  if (store.count === 0) return { keys: 0, left: 0 };
  const readStore: WorkerCalls["readStore"] = (range) => Promise.resolve(pieceOf(reader, store, range));
  await runWorker(
    { kind: "handOver", session: store },
    {
      readStore,
      deliver: async ({ sessionKeys }) => {
        const { taken, refused } = await takeExported(to.machine, JSON.parse(sessionKeys) as RoomKey[]);
        return { taken, refused: refused.map(idOf) };
      },
    },
    signal,
  );
  const { userId, deviceId, storageKey } = to;
  const other = describeCryptoStore(to.reader, { userId, deviceId, storageKey });
  const { shown } = await runWorker(
    { kind: "compareStores", session: store, other },
    { readStore, readOtherStore: (range) => Promise.resolve(pieceOf(to.reader, other, range)) },
    signal,
  );
  return { keys: store.count, left: store.count - shown };
}
