import type { JobControl } from "../jobs/jobs.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { BackupEntriesApi } from "../roomKeys/backupEntriesApi.ts";
import { idOf, type RoomKey } from "../roomKeys/roomKey.ts";
import { takeBackedUp, takeExported } from "../roomKeys/importToSession.ts";
import type { ImportBatch, WorkerCalls } from "../roomKeys/workerProtocol.ts";

/** Where imported room keys go. */
export interface DeliveryParts {
  access: EncryptionContext;
  /** To the backup; null when there is none. */
  transfer: BackupEntriesApi | null;
  version: string | null;
  control: JobControl;
}

/**
 * What puts imported keys into the backup and the session. First the backup: the session is told that the keys are in
 * it, and then does not upload them again by itself.
 */
export function deliverTo(parts: DeliveryParts): WorkerCalls["deliver"] {
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
      const { machineRoomKeys } = await import("../roomKeys/machineRoomKeys.ts");
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
