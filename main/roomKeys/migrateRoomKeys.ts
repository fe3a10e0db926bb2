import type { StoreReader } from "../cryptoStore/index.ts";
import type { CryptoMachine } from "../sdk/cryptoInternals.ts";
import { idOf, type RoomKey } from "./roomKey.ts";
import { runWorker } from "./runWorker.ts";
import { takeExported } from "./importToSession.ts";
import { describeCryptoStore, pieceOf, type CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";

/** The crypto store that room keys come from; it is mounted, and its session does not run. */
export type RoomKeySource = { reader: StoreReader } & Pick<CryptoStoreSnapshot, "userId" | "deviceId" | "storageKey">;

/**
 * Gives all room keys in a crypto store to another session of the account, piece by piece: a thread opens them, and main
 * neither holds them all nor waits for them. What the session has already is left as it is.
 *
 * Answers how many there were and how many of them did not come over, for whatever reason. Throws `cancelled`, and what
 * the crypto WASM throws when the key does not open the store.
 */
export async function migrateRoomKeys(
  { reader, ...session }: RoomKeySource,
  to: Pick<CryptoMachine, "importExportedRoomKeys">,
  signal: AbortSignal,
): Promise<{ keys: number; left: number }> {
  // A session that never came to run has left nothing.
  if (reader.outline(() => false).length === 0) return { keys: 0, left: 0 };
  const store = describeCryptoStore(reader, session);
  if (store.count === 0) return { keys: 0, left: 0 };
  let over = 0;
  await runWorker(
    { kind: "handOver", session: store },
    {
      readStore: (range) => Promise.resolve(pieceOf(reader, store, range)),
      deliver: async ({ sessionKeys }) => {
        const { taken, refused } = await takeExported(to, JSON.parse(sessionKeys) as RoomKey[]);
        // Some it neither takes nor refuses; what it took is all that has come over.
        over += taken.length;
        return { taken, refused: refused.map(idOf) };
      },
    },
    signal,
  );
  return { keys: store.count, left: store.count - over };
}
