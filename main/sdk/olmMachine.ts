import { DeviceId, initAsync, OlmMachine, StoreHandle, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { StorageKey } from "../../shared/secret.ts";

/** What a crypto machine lies in, and whose it is. */
export interface CryptoMachineOptions {
  userId: string;
  deviceId: string;
  /** 32 bytes: encrypts the values in the crypto store. */
  storageKey: StorageKey;
  /** Names the crypto store among those that this thread's `indexedDB` has. */
  databasePrefix: string;
}

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * Opens a crypto machine without the SDK around it: it sends nothing, and has nothing to tell anybody. Throws what the
 * crypto WASM throws when the key does not open the store.
 */
export async function openCryptoMachine(options: CryptoMachineOptions): Promise<OlmMachine> {
  await initAsync();
  const handle = await StoreHandle.openWithKey(options.databasePrefix, options.storageKey.reveal(), silent);
  const [user, device] = [new UserId(options.userId), new DeviceId(options.deviceId)];
  try {
    return await OlmMachine.initFromStore(user, device, handle, silent);
  } finally {
    handle.free();
    user.free();
    device.free();
  }
}
