import { randomUUID } from "node:crypto";
import { createClient, Filter, type MatrixClient } from "matrix-js-sdk";
import { type Logger as SdkLogger, logger as globalSdkLogger } from "matrix-js-sdk/lib/logger.js";
import type { AccessToken, StorageKey } from "../../shared/secret.ts";
import { shortError } from "../logging/errorFields.ts";
import type { Logger } from "../logging/logger.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { bindHomeserver } from "../http/homeserverOf.ts";
import type { Fetch } from "../http/redirects.ts";
import { noteAccountData } from "./accountDataOfSync.ts";
import { knowSessionsThatAsk } from "./askingSessions.ts";
import { trustOwnBackupKeyAlone } from "./backupGuard.ts";
import { trustKnownIdentityAlone } from "./identityGuard.ts";
import { hearNewestKeysAlone } from "./keysQueryGuard.ts";
import { startLean } from "./leanStart.ts";
import type { PinnedIdentity } from "./pinnedIdentity.ts";

export interface MatrixClientOptions {
  userId: string;
  deviceId: string;
  accessToken: AccessToken;
  /** 32 bytes: encrypts the values in the crypto store. */
  storageKey: StorageKey;
  /** Names the mounted crypto store. */
  databasePrefix: string;
  /** The identity that counts for this session. */
  identity: PinnedIdentity;
  /** The way to the server, whose token and end hold for the SDK as well. */
  homeserver: HomeserverClient;
  /** Aborted when the session ends: from then on the client sends nothing and hears of nothing. */
  ended: AbortSignal;
  logger: Logger;
  /** For those of the SDK's modules that know no client: it must serve all sessions, and outlive this one. */
  sharedLogger: Logger;
}

const SYNC_POLL_TIMEOUT_MS = 30_000;

/** Of one word that the SDK logs, in characters: some of them are answers of the server. */
const MAX_WORD = 500;

/**
 * The SDK logs URLs, ids and bodies at its lower levels: only warnings and errors are kept, and the sink redacts those.
 */
function sdkLogger(logger: Logger): SdkLogger {
  const text = (words: unknown[]): string =>
    words.map((word) => (word instanceof Error ? shortError(word) : String(word).slice(0, MAX_WORD))).join(" ");
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

/** What grows with an account's rooms, and what is about messages: nobody here looks at it. */
const OF_ROOMS = ["m.direct", "m.push_rules"];

/**
 * Account data, device lists and to-device messages, and no rooms: an account in 5,000 of them syncs like an empty one.
 * Each differs from the last: Synapse answers a first sync from memory for two minutes when it is asked the same again,
 * and an app that was restarted would take that for what is so.
 */
function accountOnlyFilter(userId: string): Filter {
  return Filter.fromJson(userId, "", {
    room: { rooms: [] },
    presence: { not_types: ["*"] },
    account_data: { not_types: [...OF_ROOMS, `steward.${randomUUID()}`] },
  });
}

/**
 * Stops a client with everything in it that polls. By itself the SDK goes on where it was stopped while it started: the
 * start continues when its first request has failed. Called again, it stops what has been started meanwhile.
 */
export function stopForGood(client: MatrixClient): void {
  // It does nothing for one that it takes for stopped.
  client.clientRunning = true;
  client.stopClient();
}

export interface OpenMatrixClient {
  client: MatrixClient;
  /** Begins to sync; returns at once. */
  startSync(): Promise<void>;
  /** Stops it for good. */
  stop(): void;
}

/** Holds requests until they are released. */
function held(fetch: Fetch): { fetch: Fetch; release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    fetch: async (input, init) => {
      await released;
      return await fetch(input, init);
    },
    release,
  };
}

/**
 * Makes a client whose crypto state lies in the mounted store. The SDK asks the server for the key backup as soon as that
 * is open, and does not wait for the answer; everything else is sent after `startSync`. That first request is held until
 * the client has been told which backups and which identity to count on: the SDK would judge by itself.
 *
 * Throws what the crypto store throws when it cannot be opened with this key.
 */
export async function openMatrixClient(options: MatrixClientOptions): Promise<OpenMatrixClient> {
  redirectGlobalLogger(options.sharedLogger);
  const requests = held(options.homeserver.sdkFetch());
  const client = createClient({
    baseUrl: options.homeserver.baseUrl,
    userId: options.userId,
    deviceId: options.deviceId,
    accessToken: options.accessToken.reveal(),
    fetchFn: requests.fetch,
    localTimeoutMs: options.homeserver.limits.answerMs,
    disableVoip: true,
    logger: sdkLogger(options.logger),
    verificationMethods: ["m.sas.v1", "m.qr_code.show.v1", "m.reciprocate.v1"],
  });
  bindHomeserver(client, options.homeserver);
  await client.initRustCrypto({
    cryptoDatabasePrefix: options.databasePrefix,
    storageKey: options.storageKey.reveal(),
  });
  trustOwnBackupKeyAlone(client);
  await trustKnownIdentityAlone(client, options.identity);
  hearNewestKeysAlone(client);
  knowSessionsThatAsk(client, options.logger);
  noteAccountData(client);
  startLean(client, options.ended);
  requests.release();
  return {
    client,
    stop: () => stopForGood(client),
    startSync: async () => {
      await client.startClient({
        filter: accountOnlyFilter(options.userId),
        disablePresence: true,
        initialSyncLimit: 0,
        pollTimeout: SYNC_POLL_TIMEOUT_MS,
      });
      if (options.ended.aborted) stopForGood(client);
    },
  };
}
