import type { BackedUpRoomKeys, CryptoMachine } from "../sdk/cryptoInternals.ts";
import { bareRoomKey, bestCopies, idOf, type RoomKey } from "./roomKey.ts";

/**
 * Keys that the crypto machine takes at once. It works on main's thread and blocks it, about half a millisecond
 * for each: so little at a time that nobody notices.
 */
const AT_ONCE = 10;

/** Lets everything else that waits have its turn. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Gives the session keys that are in its backup already; of several copies of one, the one that opens most. Answers
 * those that it did not take.
 */
export async function takeBackedUp(session: BackedUpRoomKeys, keys: readonly RoomKey[], version: string): Promise<RoomKey[]> {
  return await takeAll(keys, async (some) => {
    // Told of after each; never, when it can read none of them.
    let failures = some.length;
    await session.importBackedUpRoomKeys([...some], version, {
      progressCallback: (progress) => (failures = progress.failures ?? 0),
    });
    return failures === 0;
  });
}

/**
 * Gives a session without a backup keys from a file; of several copies of one, the one that opens most. Answers the ids
 * of those that it took because it had none or worse ones, and those it refused.
 */
export async function takeExported(
  machine: Pick<CryptoMachine, "importExportedRoomKeys">,
  keys: readonly RoomKey[],
): Promise<{ taken: string[]; refused: RoomKey[] }> {
  const taken: string[] = [];
  const refused = await takeAll(keys, async (some) => {
    try {
      const result = await machine.importExportedRoomKeys(JSON.stringify(some), () => undefined);
      for (const [roomId, senders] of result.keys()) {
        for (const ids of senders.values()) for (const id of ids) taken.push(idOf({ room_id: roomId, session_id: id }));
      }
      result.free();
      return true;
    } catch {
      // One that it cannot read spoils all that are given with it.
      return false;
    }
  });
  return { taken, refused };
}

/**
 * Gives keys a few at a time. Where some are not taken, each is given by itself, and then without what is beside the
 * key: the machine may find fault with that alone. Answers those that are refused even so.
 */
async function takeAll(keys: readonly RoomKey[], take: (some: readonly RoomKey[]) => Promise<boolean>): Promise<RoomKey[]> {
  const refused: RoomKey[] = [];
  // Of copies that are given together the machine keeps the last one.
  const best = bestCopies(keys, (key) => key);
  for (let from = 0; from < best.length; from += AT_ONCE) {
    const some = best.slice(from, from + AT_ONCE);
    if (!(await take(some))) {
      for (const key of some) if (!(await take([key])) && !(await take([bareRoomKey(key)]))) refused.push(key);
    }
    await breathe();
  }
  return refused;
}
