import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { type AppFailure, fail } from "../../shared/errors.ts";
import type { CryptoStores, StoreReader } from "../cryptoStore/index.ts";
import type { Logger } from "../logging/logger.ts";
import { syncFolder } from "../storage/durableFile.ts";
import { fileFailure, isMissing } from "../storage/fileErrors.ts";
import type { LoadEngine, SessionDetails } from "./sessionDetails.ts";

/** Where an account's crypto store lies, and where one is filled that is to take its place. */
export interface CryptoFolders {
  readonly crypto: string;
  readonly nextCrypto: string;
}

/** A device that is to take the place of one which the server has removed. */
export interface NextDevice {
  deviceId: string;
  accessToken: string;
  /** 32 bytes, base64: encrypts the values in its crypto store. */
  storageKey: string;
}

/** Gives all room keys of a crypto store to another session; answers how many there were, and how many it refused. */
export type HandOverRoomKeys = (
  from: { reader: StoreReader; userId: string; deviceId: string; storageKey: Uint8Array },
  to: OlmMachine,
  signal: AbortSignal,
) => Promise<{ keys: number; refused: number }>;

/** What a crypto store is filled with. */
export interface NextStoreParts {
  cryptoStores: CryptoStores;
  cryptoFolders: (accountId: SessionDetails["accountId"]) => CryptoFolders;
  loadEngine: LoadEngine;
  handOverRoomKeys: HandOverRoomKeys;
  logger: Logger;
}

/**
 * Makes the crypto store of a new device beside the old one, and fills it with the old one's room keys. What an earlier
 * try has left is removed. The old store is read and nothing else.
 *
 * @param stop aborted from outside to stop; and from here when the disk takes no more
 * @throws `cancelled`, `file_failed`, and what opening the old store throws
 */
export async function fillNextStore(
  { cryptoStores, cryptoFolders, loadEngine, handOverRoomKeys, logger }: NextStoreParts,
  old: SessionDetails & { storageKey: Uint8Array },
  device: NextDevice,
  stop: AbortController,
): Promise<void> {
  const { accountId, userId } = old;
  const { crypto, nextCrypto } = cryptoFolders(accountId);
  const { openCryptoMachine } = await loadEngine();
  await removeFolder(nextCrypto);
  let writeFailure: AppFailure | null = null;
  const from = await cryptoStores.mount(accountId, crypto, { mustExist: old.hasRun });
  try {
    const next = await cryptoStores.mount(accountId, nextCrypto, {
      beside: true,
      onWriteFailed: (failure) => {
        writeFailure = failure;
        stop.abort();
      },
    });
    try {
      const machine = await openCryptoMachine({
        userId,
        deviceId: device.deviceId,
        storageKey: Buffer.from(device.storageKey, "base64"),
        databasePrefix: next.databasePrefix,
      });
      try {
        const { keys, refused } = await handOverRoomKeys({ ...old, reader: from.reader }, machine, stop.signal);
        if (refused > 0) logger.error("room keys were not moved to a new device", { accountId, keys, refused });
      } finally {
        machine.close();
      }
    } finally {
      await next.close();
    }
    if (stop.signal.aborted) throw fail("cancelled");
  } catch (thrown) {
    await removeFolder(nextCrypto).catch(() => undefined);
    throw (writeFailure as AppFailure | null) ?? thrown;
  } finally {
    await from.close();
  }
}

/**
 * Removes the old crypto store and puts the one that was filled in its place. Does nothing that is done already. Throws
 * `file_failed`.
 */
export async function takeNextStore({ crypto, nextCrypto }: CryptoFolders): Promise<void> {
  try {
    if (!(await isThere(nextCrypto))) return;
    await removeFolder(crypto);
    await rename(nextCrypto, crypto);
    await syncFolder(dirname(crypto));
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}
