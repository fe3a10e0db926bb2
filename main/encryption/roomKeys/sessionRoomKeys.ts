import type { BackedUpRoomKeys, CryptoMachine } from "../sdkInternals.ts";
import { idOf, type RoomKey } from "./roomKey.ts";

/**
 * Keys that the crypto machine takes at once. It works on main's thread and blocks it, about half a millisecond
 * for each: so little at a time that nobody notices.
 */
const AT_ONCE = 10;

/** Lets everything else that waits have its turn. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Gives the session keys that are in its backup already. Answers those that it did not take. */
export async function takeBackedUp(
  session: BackedUpRoomKeys,
  keys: readonly RoomKey[],
  version: string,
): Promise<RoomKey[]> {
  const take = async (some: RoomKey[]): Promise<number> => {
    let failures = 0;
    await session.importBackedUpRoomKeys(some, version, {
      progressCallback: (progress) => (failures = Math.max(failures, progress.failures ?? 0)),
    });
    return failures;
  };
  const refused: RoomKey[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const some = keys.slice(from, from + AT_ONCE);
    if ((await take(some)) > 0) {
      for (const key of some) if ((await take([key])) > 0) refused.push(key);
    }
    await breathe();
  }
  return refused;
}

/** Gives a session without a backup keys from a file. Answers the ids of those that it took, and those it refused. */
export async function takeExported(
  machine: Pick<CryptoMachine, "importExportedRoomKeys">,
  keys: readonly RoomKey[],
): Promise<{ taken: string[]; refused: RoomKey[] }> {
  const taken: string[] = [];
  const refused: RoomKey[] = [];
  const take = async (some: readonly RoomKey[]): Promise<void> => {
    try {
      const result = await machine.importExportedRoomKeys(JSON.stringify(some), () => undefined);
      for (const [roomId, senders] of result.keys()) {
        for (const ids of senders.values()) for (const id of ids) taken.push(idOf({ room_id: roomId, session_id: id }));
      }
      result.free();
    } catch {
      // One that it cannot read spoils all that are given with it.
      if (some.length === 1) refused.push(some[0] as RoomKey);
      else for (const key of some) await take([key]);
    }
  };
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    await take(keys.slice(from, from + AT_ONCE));
    await breathe();
  }
  return { taken, refused };
}
