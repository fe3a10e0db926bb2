import type { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";

const METHODS = [
  "backupRoomKeys",
  "bootstrapCrossSigning",
  "exportCrossSigningKeys",
  "importCrossSigningKeys",
  "markRequestAsSent",
  "queryKeysForUsers",
  "roomKeyCounts",
  "sign",
] as const;

/** What this room needs of the crypto WASM's machine. */
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
