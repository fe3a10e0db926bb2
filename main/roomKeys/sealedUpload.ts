import type { WorkerPool } from "./workerPool.ts";
import type { CheckedRoomKey } from "./roomKey.ts";

/** Threads that seal room keys for a backup. */
export type SealingPool = WorkerPool<CheckedRoomKey[], string[]>;

/**
 * The body of `PUT /room_keys/keys` for room keys, sealed in two threads at once.
 *
 * @param keys each once: of two copies it would be left to chance which one is in the body
 */
export async function sealedUpload(sealing: SealingPool, keys: readonly CheckedRoomKey[]): Promise<string> {
  const rooms = new Map<string, string[]>();
  const half = Math.ceil(keys.length / 2);
  for (const part of [keys.slice(0, half), keys.slice(half)]) {
    await sealing.give(part, (sealed) => {
      for (const [at, entry] of sealed.entries()) {
        const { room_id: roomId, session_id: sessionId } = (part[at] as CheckedRoomKey).key;
        const entries = rooms.get(roomId) ?? [];
        entries.push(`${JSON.stringify(sessionId)}:${entry}`);
        rooms.set(roomId, entries);
      }
    });
  }
  await sealing.drain();
  const bodies = [...rooms].map(([roomId, entries]) => `${JSON.stringify(roomId)}:{"sessions":{${entries.join(",")}}}`);
  return `{"rooms":{${bodies.join(",")}}}`;
}
