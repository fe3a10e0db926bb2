import type { MatrixClient } from "matrix-js-sdk";
import type { JobControl } from "../../account/jobs.ts";
import type { EncryptionAccess } from "../encryptionAccess.ts";
import { backedUpRoomKeysOf } from "../sdkInternals.ts";
import type { BackupTransfer } from "./backupTransfer.ts";
import type { RoomKey } from "./roomKey.ts";
import { takeBackedUp, takeExported } from "./sessionRoomKeys.ts";
import type { ImportBatch, ThreadCalls } from "./threadProtocol.ts";

/** Where imported room keys go. */
export interface DeliveryParts {
  client: MatrixClient;
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
  const refuse = (keys: readonly RoomKey[]): number => {
    for (const { room_id: roomId, session_id: sessionId } of keys) {
      control.problem({ subject: { roomId, sessionId }, reason: "refused" });
    }
    return keys.length;
  };

  if (transfer && version !== null) {
    const session = backedUpRoomKeysOf(access.crypto);
    return async ({ sessionKeys, upload }: ImportBatch) => {
      if (upload !== null) await transfer.upload(upload);
      const keys = JSON.parse(sessionKeys) as RoomKey[];
      const refused = await takeBackedUp(session, keys, version);
      return { taken: [], refused: refuse(refused) };
    };
  }

  return async ({ sessionKeys }: ImportBatch) => {
    const { taken, refused } = await takeExported(access.machine, JSON.parse(sessionKeys) as RoomKey[]);
    return { taken, refused: refuse(refused) };
  };
}
