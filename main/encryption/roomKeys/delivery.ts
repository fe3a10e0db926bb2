import type { JobControl } from "../../account/jobs.ts";
import type { EncryptionAccess } from "../encryptionAccess.ts";
import type { BackupTransfer } from "./backupTransfer.ts";
import { idOf, type RoomKey } from "./roomKey.ts";
import { takeBackedUp, takeExported } from "./sessionRoomKeys.ts";
import type { ImportBatch, ThreadCalls } from "./threadProtocol.ts";

/** Where imported room keys go. */
export interface DeliveryParts {
  access: EncryptionAccess;
  /** To the backup; null when there is none. */
  transfer: BackupTransfer | null;
  version: string | null;
  control: JobControl;
}

/**
 * What puts imported keys into the backup and the session. First the backup: the session is told that the keys are in
 * it, and then does not upload them again by itself.
 */
export function deliverTo(parts: DeliveryParts): ThreadCalls["deliver"] {
  const { access, transfer, version, control } = parts;
  const refuse = (keys: readonly RoomKey[]): string[] => {
    for (const { room_id: roomId, session_id: sessionId } of keys) {
      control.problem({ subject: { roomId, sessionId }, reason: "refused" });
    }
    return keys.map(idOf);
  };

  if (transfer && version !== null) {
    return async ({ sessionKeys, upload }: ImportBatch) => {
      if (upload !== null) await transfer.upload(upload);
      const keys = JSON.parse(sessionKeys) as RoomKey[];
      // Loads the crypto WASM, which the session has loaded by now.
      const { machineRoomKeys } = await import("./machineRoomKeys.ts");
      const taken: string[] = [];
      const session = machineRoomKeys(access.machine, (id) => taken.push(id));
      return { taken, refused: refuse(await takeBackedUp(session, keys, version)) };
    };
  }

  return async ({ sessionKeys }: ImportBatch) => {
    const { taken, refused } = await takeExported(access.machine, JSON.parse(sessionKeys) as RoomKey[]);
    return { taken, refused: refuse(refused) };
  };
}
