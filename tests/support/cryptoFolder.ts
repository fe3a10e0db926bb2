import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installCryptoStores } from "../../main/cryptoStore/index.ts";
import type { CryptoStores, MountedStore, MountOptions } from "../../main/cryptoStore/index.ts";
import type { Logger } from "../../main/logging/logger.ts";
import { AccountId } from "../../shared/ids.ts";

const nothing = (): void => undefined;

/** A logger that says nothing. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The account that the stores of these tests belong to. */
export const someAccount = AccountId.parse("abcdefgh01234567");

/** A crypto store in a folder of its own, which can be closed and opened again. */
export interface StoreInFolder {
  readonly folder: string;
  readonly stores: CryptoStores;
  /** Mounts it; closes it first when it is mounted. */
  reopen(options?: MountOptions): Promise<MountedStore>;
  /** Closes it and deletes the folder. */
  remove(): Promise<void>;
}

/** Makes a temporary folder for a crypto store, or takes one that exists; nothing is mounted yet. */
export async function storeInFolder(accountId = someAccount, existing?: string): Promise<StoreInFolder> {
  const parent = existing ?? (await mkdtemp(join(tmpdir(), "steward-crypto-")));
  const folder = join(parent, "crypto");
  const stores = installCryptoStores(silent);
  let mounted: MountedStore | null = null;
  return {
    folder,
    stores,
    reopen: async (options) => {
      await mounted?.close();
      mounted = null;
      return (mounted = await stores.mount(accountId, folder, options));
    },
    remove: async () => {
      await mounted?.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}
