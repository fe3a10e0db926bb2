/** An IndexedDB value for a promise. */
export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("request failed"));
  });
}

/** Resolves on `complete`; rejects with the transaction's error on `abort`. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
  });
}

/** Opens a database; `upgrade` runs inside the versionchange transaction. */
export function openDatabase(
  factory: IDBFactory,
  name: string,
  version?: number,
  upgrade: (database: IDBDatabase, transaction: IDBTransaction) => void = () => undefined,
): Promise<IDBDatabase> {
  const request = factory.open(name, version);
  request.onupgradeneeded = () => {
    if (request.transaction) upgrade(request.result, request.transaction);
  };
  return done(request);
}

/** Everything that can be read from a database, as plain values that can be compared. */
export async function dump(database: IDBDatabase): Promise<unknown> {
  const stores: Record<string, unknown> = {};
  const names = [...database.objectStoreNames];
  if (names.length === 0) return { version: database.version, stores };
  const transaction = database.transaction(names);
  for (const name of names) {
    const store = transaction.objectStore(name);
    const indexes: Record<string, unknown> = {};
    for (const indexName of store.indexNames) {
      const index = store.index(indexName);
      indexes[indexName] = {
        keyPath: index.keyPath,
        unique: index.unique,
        multiEntry: index.multiEntry,
        entries: await everything(index.openCursor()),
      };
    }
    stores[name] = {
      keyPath: store.keyPath,
      autoIncrement: store.autoIncrement,
      records: await everything(store.openCursor()),
      indexes,
    };
  }
  return { version: database.version, stores };
}

function everything(request: IDBRequest<IDBCursorWithValue | null>): Promise<unknown[]> {
  const found: unknown[] = [];
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error ?? new Error("cursor failed"));
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) return resolve(found);
      found.push({ key: zeroed(cursor.key), primaryKey: zeroed(cursor.primaryKey), value: cursor.value as unknown });
      cursor.continue();
    };
  });
}

/** IndexedDB holds -0 and 0 for the same key. */
function zeroed(key: IDBValidKey): IDBValidKey {
  if (Array.isArray(key)) return key.map(zeroed);
  return key === 0 ? 0 : key;
}

/** Does some work on the object store "s" in one transaction, and resolves when that is complete. */
export async function writing(database: IDBDatabase, work: (s: IDBObjectStore) => unknown): Promise<void> {
  const transaction = database.transaction("s", "readwrite");
  const finished = completed(transaction);
  await work(transaction.objectStore("s"));
  await finished;
}

/** Puts records under keys of several types into the object store "s". */
export async function filled(database: IDBDatabase): Promise<void> {
  await writing(database, (s) => {
    for (const key of [1, 2, 3, 4, 5, "a", "b", [1, "x"], [2, "y"]]) s.put({ key }, key);
  });
}
