import type { MatrixSession } from "../sessions/matrixSession.ts";
import { describeCryptoStore, pieceOf, type CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import type { WorkerCalls } from "./workerProtocol.ts";

/** A running session's room keys, for a thread to read. */
export interface OwnStore {
  /** Null when there are none. */
  session: CryptoStoreSnapshot | null;
  readStore: WorkerCalls["readStore"];
}

/** Throws why the session is not there to be used, and as `describeCryptoStore` does. */
export async function ownStoreOf(session: Pick<MatrixSession, "details" | "readStorageKey" | "storeReader">): Promise<OwnStore> {
  const { userId, deviceId } = session.details;
  const storageKey = await session.readStorageKey();
  const reader = session.storeReader;
  const described = describeCryptoStore(reader, { userId, deviceId, storageKey });
  return {
    session: described.count > 0 ? described : null,
    readStore: (range) => Promise.resolve(pieceOf(reader, described, range)),
  };
}
