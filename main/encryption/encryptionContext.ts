import type { MatrixClient } from "matrix-js-sdk";
import type { CryptoApi } from "matrix-js-sdk/lib/crypto-api/index.js";
import { fail } from "../../shared/errors.ts";
import { EncryptionApi, type EncryptionApiOptions } from "./encryptionApi.ts";
import { type PinnedIdentity, pinnedIdentityOf } from "../sdk/pinnedIdentity.ts";
import { OpenedCopies } from "./openedSecretCopies.ts";
import { type CryptoMachine, cryptoMachineOf } from "../sdk/cryptoInternals.ts";
import { SecretStorage } from "./secretStorage.ts";

/** One account's encryption: what the server has and what this session has. Made anew for each piece of work. */
export interface EncryptionContext {
  userId: string;
  deviceId: string;
  crypto: CryptoApi;
  machine: CryptoMachine;
  server: EncryptionApi;
  storage: SecretStorage;
  /** Which identity counts here, and whether the server gives another. */
  identity: PinnedIdentity;
  client: MatrixClient;
  /** Aborted when the session ends. */
  signal: AbortSignal;
}

export interface EncryptionOptions extends EncryptionApiOptions {
  /** What is known of secrets that were opened before; left out where nothing is taken away. */
  opened?: OpenedCopies;
}

/** Throws `account_not_running` while the client's crypto is not open. */
export function openEncryptionContext(client: MatrixClient, options: EncryptionOptions): EncryptionContext {
  const crypto = client.getCrypto();
  const deviceId = client.getDeviceId();
  if (!crypto || deviceId === null) throw fail("account_not_running");
  const server = new EncryptionApi(client, options);
  return {
    userId: client.getSafeUserId(),
    deviceId,
    crypto,
    machine: cryptoMachineOf(client),
    server,
    storage: new SecretStorage(server, options.opened ?? new OpenedCopies()),
    identity: pinnedIdentityOf(client),
    client,
    signal: options.signal,
  };
}
