import type { StorageKey } from "../../shared/secret.ts";
import type { CopiedRecord, DatabaseOutline, RecordRange, StoreReader } from "../cryptoStore/index.ts";

/** What a thread needs to read the room keys of a session out of a copy of its crypto store. */
export interface CryptoStoreSnapshot {
  userId: string;
  deviceId: string;
  /** 32 bytes: opens the values in the store. In memory alone, here as there. */
  storageKey: StorageKey;
  /** The crypto store without the room keys, which are asked for piece by piece. */
  outlines: DatabaseOutline[];
  /** The object store that the room keys lie in. */
  keys: { database: string; store: string };
  /** How many there are. */
  count: number;
}

// The names that the crypto WASM gives. They are not in its interface: an update that changes one fails by name.
const MAIN_DATABASE = "matrix-sdk-crypto";
const META_DATABASE = "matrix-sdk-crypto-meta";
const CORE_STORE = "core";
const MOVED = "The crypto WASM keeps its room keys in another way";
const KEYS_STORE = /^inbound_group_sessions\d*$/;

/** Describes a running session's store. Throws Error when an update of the crypto WASM has given things other names. */
export function describeCryptoStore(
  reader: StoreReader,
  session: Pick<CryptoStoreSnapshot, "userId" | "deviceId" | "storageKey">,
): CryptoStoreSnapshot {
  const outlines = reader.outline((database, store) => database === META_DATABASE || store === CORE_STORE);
  const main = outlines.find(({ name }) => name === MAIN_DATABASE);
  const [store, ...others] = (main?.schema.stores ?? []).filter(({ name }) => KEYS_STORE.test(name));
  const names = outlines.map(({ name }) => name);
  const whole = names.includes(META_DATABASE) && main?.records.some((kept) => kept.store === CORE_STORE);
  if (!store || others.length > 0 || !whole) throw new Error(MOVED);
  const keys = { database: MAIN_DATABASE, store: store.name };
  return { ...session, outlines, keys, count: reader.count(keys.database, keys.store) };
}

/** The number of room keys in a running session's store. Takes no time, however many there are. Throws as above. */
export function countStored(reader: StoreReader): number {
  const [store, ...others] = reader.storeNames(MAIN_DATABASE).filter((name) => KEYS_STORE.test(name));
  if (store === undefined || others.length > 0) throw new Error(MOVED);
  return reader.count(MAIN_DATABASE, store);
}

/** Records of the session's crypto store, and whether there may be more of those that were asked for. */
export interface StoredPiece {
  records: CopiedRecord[];
  more: boolean;
}

/** What `WorkerCalls.readStore` answers: encrypted records, as they lie in the store. */
export function pieceOf(reader: StoreReader, { keys }: CryptoStoreSnapshot, range: RecordRange): StoredPiece {
  return reader.records(keys.database, keys.store, range);
}
