import { DeviceId, OlmMachine, StoreHandle, UserId, initAsync } from "@matrix-org/matrix-sdk-crypto-wasm";

const STORAGE_KEY = new Uint8Array(32).fill(7);

/** Opens an OlmMachine on the databases with that prefix, with a store key, as matrix-js-sdk does. */
export async function openMachine(databasePrefix: string, storageKey: Uint8Array = STORAGE_KEY): Promise<OlmMachine> {
  await initAsync();
  const handle = await StoreHandle.openWithKey(databasePrefix, storageKey);
  try {
    return await OlmMachine.initFromStore(new UserId("@alice:example.org"), new DeviceId("DEVICE"), handle);
  } finally {
    handle.free();
  }
}

/** What makes a machine the one it is: its keys, and which private keys it has. */
export async function describeMachine(machine: OlmMachine) {
  const status = await machine.crossSigningStatus();
  return {
    ed25519: machine.identityKeys.ed25519.toBase64(),
    curve25519: machine.identityKeys.curve25519.toBase64(),
    createdAt: machine.deviceCreationTimeMs,
    crossSigning: [status.hasMaster, status.hasSelfSigning, status.hasUserSigning],
  };
}
