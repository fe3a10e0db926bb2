import type { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";
import type { CryptoApi } from "matrix-js-sdk/lib/crypto-api/index.js";

const METHODS = [
  "backupRoomKeys",
  "bootstrapCrossSigning",
  "disableBackup",
  "exportCrossSigningKeys",
  "getBackupKeys",
  "importBackedUpRoomKeys",
  "importCrossSigningKeys",
  "importExportedRoomKeys",
  "markRequestAsSent",
  "queryKeysForUsers",
  "roomKeyCounts",
  "sign",
  "verifyBackup",
] as const;

/** What Steward needs of the crypto WASM's machine. */
export type CryptoMachine = Pick<OlmMachine, (typeof METHODS)[number] | "userId">;

/**
 * The machine inside the SDK's crypto. The SDK's own methods cannot go on with an identity whose upload was cut off,
 * delete backups before they make one, and repeat requests for half a minute; with the machine we send the requests.
 *
 * The field is private to the SDK: its shape is checked, so that an update that moves it fails at once and by name.
 */
export function cryptoMachineOf(client: MatrixClient): CryptoMachine {
  const crypto = client.getCrypto() as unknown as { olmMachine?: Record<string, unknown> } | undefined;
  const machine = crypto?.olmMachine;
  const missing = METHODS.filter((name) => typeof machine?.[name] !== "function");
  if (!machine || missing.length > 0) throw new Error(`The SDK's crypto machine lacks ${missing.join(", ")}`);
  return machine as unknown as CryptoMachine;
}

/** A room key as the SDK hands it over when it comes from a backup: the fields of a key file. */
type BackedUpRoomKey = object;

/** What takes room keys that are in a key backup already, so that they are not uploaded to it again. */
export interface BackedUpRoomKeys {
  importBackedUpRoomKeys(
    keys: BackedUpRoomKey[],
    backupVersion: string,
    options: { progressCallback: (progress: { failures?: number }) => void },
  ): Promise<void>;
}

/** The part of the SDK's crypto that is not in its public interface; its shape is checked for the same reason. */
export function backedUpRoomKeysOf(crypto: CryptoApi): BackedUpRoomKeys {
  const internal = crypto as unknown as Partial<BackedUpRoomKeys>;
  if (typeof internal.importBackedUpRoomKeys !== "function") throw new Error("The SDK lacks importBackedUpRoomKeys");
  return internal as BackedUpRoomKeys;
}
