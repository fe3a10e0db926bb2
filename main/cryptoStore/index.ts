export { installCryptoStores } from "./cryptoStores.ts";
export type { CryptoStores, MountedStore, MountOptions } from "./cryptoStores.ts";
export type { CopiedRecord, DatabaseOutline, RecordRange, StoreReader } from "./storeReader.ts";
