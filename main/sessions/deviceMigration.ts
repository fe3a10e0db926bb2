import { basename, join } from "node:path";
import type { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { type AppFailure, fail } from "../../shared/errors.ts";
import type { StorageKey } from "../../shared/secret.ts";
import type { CryptoStores, StoreReader } from "../cryptoStore/index.ts";
import type { Logger } from "../logging/logger.ts";
import { isThere, removeDurably, renameDurably, writeDurably } from "../storage/durableFile.ts";
import { fileFailure } from "../storage/fileErrors.ts";
import { files } from "../storage/fileLayer.ts";
import { makePrivateFolder } from "../storage/folders.ts";
import type { LoadSdk, SessionDetails } from "./sessionDetails.ts";

/** Where an account's crypto store lies, where one is filled that is to take its place, and where one is put aside. */
export interface CryptoFolders {
  readonly crypto: string;
  readonly nextCrypto: string;
  readonly setAside: string;
}

/** An opened crypto store of one device, and what opens the values in it. */
interface DeviceStore {
  reader: StoreReader;
  userId: string;
  deviceId: string;
  storageKey: StorageKey;
}

/**
 * Gives all room keys of a crypto store to another session; answers how many there were, and how many of them are not
 * shown to be in the other store.
 */
export type MigrateRoomKeys = (
  from: DeviceStore,
  to: DeviceStore & { machine: OlmMachine },
  signal: AbortSignal,
) => Promise<{ keys: number; left: number }>;

/** Room keys in a crypto store that was set aside. */
export interface SetAside {
  /** The device that the store belongs to. */
  deviceId: string;
  /** How many of them are not shown to be in the store that took its place. */
  roomKeys: number;
}

/** What a crypto store is filled with. */
export interface NextStoreParts {
  cryptoStores: CryptoStores;
  cryptoFolders: (accountId: SessionDetails["accountId"]) => CryptoFolders;
  loadSdk: LoadSdk;
  migrateRoomKeys: MigrateRoomKeys;
  logger: Logger;
}

/**
 * Makes the crypto store of a new device beside the old one, with the same key, and fills it with the old one's room
 * keys; notes down when some did not come over. What an earlier try has left is removed. The old store is read and
 * nothing else.
 *
 * @param deviceId the new device
 * @param stop aborted from outside to stop; and from here when the disk takes no more
 * @throws `cancelled`, `file_failed`, and what opening the old store throws
 */
export async function fillNextStore(
  { cryptoStores, cryptoFolders, loadSdk, migrateRoomKeys, logger }: NextStoreParts,
  old: SessionDetails & { storageKey: StorageKey },
  deviceId: string,
  stop: AbortController,
): Promise<void> {
  const { accountId, userId } = old;
  const { crypto, nextCrypto } = cryptoFolders(accountId);
  const { openCryptoMachine } = await loadSdk();
  await removeFolder(nextCrypto);
  await removeDurably(noteOfSomeLeft(nextCrypto));
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
        deviceId,
        storageKey: old.storageKey,
        databasePrefix: next.databasePrefix,
      });
      try {
        const to = { ...old, deviceId, reader: next.reader, machine };
        const { keys, left } = await migrateRoomKeys({ ...old, reader: from.reader }, to, stop.signal);
        if (left > 0) {
          logger.error("room keys were not moved to a new device: its crypto store is kept", { accountId, keys, left });
          await writeDurably(noteOfSomeLeft(nextCrypto), `${left} of ${keys} of ${old.deviceId}\n`);
        }
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
 * Removes the old crypto store and puts the one that was filled in its place. Where some room keys did not come over, the
 * old one is set aside: the account's storage key opens it. Does nothing that is done already.
 *
 * @param onSetAside is to remember what was set aside; called again with the same where it was cut off
 * @throws `file_failed`, and what `onSetAside` throws
 */
export async function takeNextStore(
  { crypto, nextCrypto, setAside }: CryptoFolders,
  onSetAside: (setAside: SetAside) => Promise<void>,
): Promise<void> {
  const note = noteOfSomeLeft(nextCrypto);
  if (await isThere(nextCrypto)) {
    if (!(await isThere(note))) await removeFolder(crypto);
    else if (await isThere(crypto)) {
      const aside = placeAside(setAside);
      await makePrivateFolder(aside);
      await renameDurably(crypto, join(aside, basename(crypto)));
    }
    await renameDurably(nextCrypto, crypto);
  }
  const left = await readNote(note);
  if (left) await onSetAside(left);
  await removeDurably(note);
}

/** Null when there is no note. */
async function readNote(path: string): Promise<SetAside | null> {
  if (!(await isThere(path))) return null;
  // Version 0.1.0 did not name the device at first.
  const [, left, deviceId] = /^(\d+) of \d+(?: of (.+))?$/m.exec((await files().readFile(path)).toString()) ?? [];
  // Whatever the note says, it is there because at least one was left.
  return { deviceId: deviceId ?? "", roomKeys: Math.max(1, Number(left ?? 1)) };
}

/** There while the store that was filled lacks some room keys of the one before. */
const noteOfSomeLeft = (nextCrypto: string): string => `${nextCrypto}.some-left`;

/** A folder's name for what is set aside now. */
export function placeAside(setAside: string): string {
  return join(setAside, new Date().toISOString().replaceAll(/[:.]/g, "-"));
}

async function removeFolder(path: string): Promise<void> {
  try {
    await files().removeFolder(path);
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}
