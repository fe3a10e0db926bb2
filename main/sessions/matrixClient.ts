import { createClient, Filter, type MatrixClient } from "matrix-js-sdk";
import { type Logger as SdkLogger, logger as globalSdkLogger } from "matrix-js-sdk/lib/logger.js";
import type { CryptoCallbacks } from "matrix-js-sdk/lib/crypto-api/index.js";
import type { Logger } from "../logging/logger.ts";
import type { Fetch } from "./http.ts";

export interface MatrixClientOptions {
  baseUrl: string;
  userId: string;
  deviceId: string;
  accessToken: string;
  /** 32 bytes: encrypts the values in the crypto store. */
  storageKey: Uint8Array;
  /** Names the mounted crypto store. */
  databasePrefix: string;
  fetch: Fetch;
  logger: Logger;
  cryptoCallbacks: CryptoCallbacks;
}

/** How long a request may take before it counts as lost, in milliseconds. A sync is given longer by the SDK itself. */
const REQUEST_TIMEOUT_MS = 30_000;
const SYNC_POLL_TIMEOUT_MS = 30_000;

/**
 * The SDK logs URLs, ids and bodies at its lower levels: only warnings and errors are kept, and the sink redacts those.
 */
function sdkLogger(logger: Logger): SdkLogger {
  const text = (words: unknown[]): string =>
    words.map((word) => (word instanceof Error ? `${word.name}: ${word.message}` : String(word))).join(" ");
  const silent = (): void => undefined;
  const adapted: SdkLogger & { log: () => void } = {
    trace: silent,
    debug: silent,
    info: silent,
    warn: (...words: unknown[]) => logger.warn(text(words)),
    error: (...words: unknown[]) => logger.error(text(words)),
    log: silent,
    getChild: () => adapted,
  };
  return adapted;
}

/**
 * Some of the SDK's modules log past the client's logger, to the console. That would reach no file and pass no redaction,
 * so it goes the same way as the rest.
 */
function redirectGlobalLogger(logger: Logger): void {
  Object.assign(globalSdkLogger, sdkLogger(logger));
}

/** Account data, device lists and to-device messages, and no rooms: an account in 5,000 of them syncs like an empty one. */
function accountOnlyFilter(userId: string): Filter {
  return Filter.fromJson(userId, "", {
    room: { rooms: [] },
    presence: { not_types: ["*"] },
  });
}

export interface OpenMatrixClient {
  client: MatrixClient;
  /** Begins to sync; returns at once. */
  startSync(): Promise<void>;
}

/**
 * Makes a client whose crypto state lies in the mounted store. Nothing is sent before `startSync`.
 *
 * Throws what the crypto store throws when it cannot be opened with this key.
 */
export async function openMatrixClient(options: MatrixClientOptions): Promise<OpenMatrixClient> {
  redirectGlobalLogger(options.logger);
  const client = createClient({
    baseUrl: options.baseUrl,
    userId: options.userId,
    deviceId: options.deviceId,
    accessToken: options.accessToken,
    fetchFn: options.fetch,
    localTimeoutMs: REQUEST_TIMEOUT_MS,
    disableVoip: true,
    logger: sdkLogger(options.logger),
    cryptoCallbacks: options.cryptoCallbacks,
    verificationMethods: ["m.sas.v1", "m.qr_code.show.v1", "m.reciprocate.v1"],
  });
  await client.initRustCrypto({
    cryptoDatabasePrefix: options.databasePrefix,
    storageKey: options.storageKey,
  });
  return {
    client,
    startSync: () =>
      client.startClient({
        filter: accountOnlyFilter(options.userId),
        disablePresence: true,
        initialSyncLimit: 0,
        pollTimeout: SYNC_POLL_TIMEOUT_MS,
      }),
  };
}
