import type { MatrixSession } from "../../sessions/matrixSession.ts";
import { describeSessionStore, pieceOf, type SessionStore } from "./sessionStore.ts";
import type { ThreadCalls } from "./threadProtocol.ts";

/** A running session's room keys, for a thread to read. */
export interface OwnStore {
  /** Null when there are none. */
  session: SessionStore | null;
  readStore: ThreadCalls["readStore"];
}

/** Throws why the session is not there to be used, and as `describeSessionStore` does. */
export async function ownStoreOf(
  session: Pick<MatrixSession, "details" | "readStorageKey" | "storeReader">,
): Promise<OwnStore> {
  const { userId, deviceId } = session.details;
  const storageKey = await session.readStorageKey();
  const reader = session.storeReader;
  const described = describeSessionStore(reader, { userId, deviceId, storageKey });
  return {
    session: described.count > 0 ? described : null,
    readStore: (range) => Promise.resolve(pieceOf(reader, described, range)),
  };
}
