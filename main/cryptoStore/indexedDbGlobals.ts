import * as engine from "fake-indexeddb";

const CLASSES = {
  IDBCursor: engine.IDBCursor,
  IDBCursorWithValue: engine.IDBCursorWithValue,
  IDBDatabase: engine.IDBDatabase,
  IDBFactory: engine.IDBFactory,
  IDBIndex: engine.IDBIndex,
  IDBKeyRange: engine.IDBKeyRange,
  IDBObjectStore: engine.IDBObjectStore,
  IDBOpenDBRequest: engine.IDBOpenDBRequest,
  IDBRequest: engine.IDBRequest,
  IDBTransaction: engine.IDBTransaction,
  IDBVersionChangeEvent: engine.IDBVersionChangeEvent,
};

/** Makes `factory` what this thread knows as `indexedDB`, where the crypto WASM looks for it. */
export function installIndexedDb(factory: IDBFactory): void {
  for (const [name, value] of Object.entries({ ...CLASSES, indexedDB: factory })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: true, writable: true });
  }
}
