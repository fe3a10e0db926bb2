import { RoomId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { BackedUpRoomKeys, CryptoMachine } from "../sdk/cryptoInternals.ts";
import { idOf, type RoomKey } from "./roomKey.ts";

/**
 * What the SDK's `importBackedUpRoomKeys` does, and tells besides which keys the machine took because it had none or
 * worse ones: the SDK does not pass that on.
 *
 * @param onTaken called with the id of each of them
 */
export function machineRoomKeys(machine: Pick<CryptoMachine, "importBackedUpRoomKeys">, onTaken: (id: string) => void): BackedUpRoomKeys {
  return {
    importBackedUpRoomKeys: async (keys, version, { progressCallback }) => {
      const rooms = new Map<RoomId, Map<string, RoomKey>>();
      // One room each, as the SDK does: the machine goes through all of them.
      for (const key of keys as RoomKey[]) rooms.set(new RoomId(key.room_id), new Map([[key.session_id, key]]));
      const onProgress = (_done: bigint, _total: bigint, failures: bigint): void => progressCallback({ failures: Number(failures) });
      const result = await machine.importBackedUpRoomKeys(rooms, onProgress, version);
      for (const [roomId, senders] of result.keys()) {
        for (const ids of senders.values()) for (const id of ids) onTaken(idOf({ room_id: roomId, session_id: id }));
      }
      result.free();
    },
  };
}
