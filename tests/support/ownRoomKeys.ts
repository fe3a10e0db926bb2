import type { OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { StorageKey } from "../../shared/secret.ts";
import type { MountedStore } from "../../main/cryptoStore/index.ts";
import type { RoomKey } from "../../main/roomKeys/roomKey.ts";
import { describeCryptoStore, pieceOf, type CryptoStoreSnapshot } from "../../main/roomKeys/cryptoStoreSnapshot.ts";
import { secretBytesOf } from "./secretValues.ts";
import type { WorkerCalls } from "../../main/roomKeys/workerProtocol.ts";
import { AccountId } from "../../shared/ids.ts";
import { type StoreInFolder, storeInFolder } from "./cryptoFolder.ts";
import { openMachine } from "./olmMachine.ts";
import { makeRoomKeys } from "./roomKeyMaker.ts";

const STORAGE_KEY = new Uint8Array(32).fill(7);
const AT_ONCE = 500;
let made = 0;

/** A session that is not signed in anywhere: a real crypto machine with room keys in a real crypto store. */
export class OwnRoomKeys {
  readonly machine: OlmMachine;
  readonly #store: StoreInFolder;
  readonly #mounted: MountedStore;

  private constructor(store: StoreInFolder, mounted: MountedStore, machine: OlmMachine) {
    this.#store = store;
    this.#mounted = mounted;
    this.machine = machine;
  }

  static async create(keys: readonly RoomKey[]): Promise<OwnRoomKeys> {
    const store = await storeInFolder(AccountId.parse(`ownroomkeys${String((made += 1)).padStart(5, "0")}`));
    const own = await OwnRoomKeys.open(store);
    await own.add(keys);
    return own;
  }

  /** One that lies in a folder already, or begins there. */
  static async open(store: StoreInFolder): Promise<OwnRoomKeys> {
    const mounted = await store.reopen();
    return new OwnRoomKeys(store, mounted, await openMachine(mounted.databasePrefix, STORAGE_KEY));
  }

  /** One with so many room keys, as `makeRoomKeys` makes them. */
  static withKeys(count: number): Promise<OwnRoomKeys> {
    return OwnRoomKeys.create(makeRoomKeys(count));
  }

  async add(keys: readonly RoomKey[]): Promise<void> {
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const some = JSON.stringify(keys.slice(from, from + AT_ONCE));
      (await this.machine.importExportedRoomKeys(some, () => undefined)).free();
    }
  }

  /** What the SDK exports: all of them at once. */
  async exportedBySdk(): Promise<RoomKey[]> {
    return JSON.parse(await this.machine.exportRoomKeys((session) => (session.free(), true))) as RoomKey[];
  }

  /** What a thread is told of the store. */
  session(storageKey: StorageKey = secretBytesOf("storage key", STORAGE_KEY)): CryptoStoreSnapshot {
    return describeCryptoStore(this.#mounted.reader, { userId: "@alice:example.org", deviceId: "DEVICE", storageKey });
  }

  /** What answers the thread, as the service does. */
  readStore(): WorkerCalls["readStore"] {
    const session = this.session();
    return (range) => Promise.resolve(pieceOf(this.#mounted.reader, session, range));
  }

  /** Closes it; what is in its folder stays. */
  async close(): Promise<void> {
    this.machine.close();
    await this.#mounted.close();
  }

  async remove(): Promise<void> {
    this.machine.close();
    await this.#store.remove();
  }
}
