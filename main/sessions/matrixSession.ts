import { setMaxListeners } from "node:events";
import type { ClientEvent, MatrixClient, SyncState } from "matrix-js-sdk";
import type { CryptoCallbacks } from "matrix-js-sdk/lib/crypto-api/index.js";
import type { SessionStatus } from "../../shared/contract/accounts.ts";
import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { CryptoStores, MountedStore, StoreReader } from "../cryptoStore/index.ts";
import type { Logger } from "../logging/logger.ts";
import type { AccountSecrets, SecretStore, UnreadableReason } from "../secrets/secretStore.ts";
import type { Fetch } from "./http.ts";
import type { OpenMatrixClient } from "./matrixClient.ts";
import { type CryptoFolders, fillNextStore, type HandOverRoomKeys, type NextDevice, takeNextStore } from "./nextDevice.ts";
import { toServerFailure } from "./serverErrors.ts";
import type { LoadEngine, SessionDetails } from "./sessionDetails.ts";

export interface SessionParts {
  secretStore: SecretStore;
  cryptoStores: CryptoStores;
  /** The folder of this account's crypto store, and that of one which is to take its place. */
  cryptoFolders: (accountId: AccountId) => CryptoFolders;
  fetch: Fetch;
  loadEngine: LoadEngine;
  handOverRoomKeys: HandOverRoomKeys;
  /** Writes down that the session has another device from now on, whose crypto store is in its place. */
  onNewDevice: (deviceId: string) => Promise<void>;
  /** Told of every token that comes into use, so that no log shows it. */
  keepOutOfLogs: (secret: string) => void;
  logger: Logger;
}

export interface SessionSnapshot {
  status: SessionStatus;
  error: AppError | null;
  offline: boolean;
}

function unreadableError(reason: UnreadableReason): AppError {
  return reason === "damaged" || reason === "too_new" ? { kind: "secret_unreadable" } : { kind: "secrets_locked" };
}

/**
 * One account's session: a state machine around the SDK's client.
 *
 *     stopped -> starting -> running <-> (offline)
 *                   |  \-> failed        the server does not answer, or something here is broken
 *                   |---> locked         its secrets cannot be read now
 *                   \---> softLoggedOut  the server no longer takes the token
 *
 * A failed session whose server is out of reach keeps trying and turns `running` by itself.
 */
export class MatrixSession {
  #details: SessionDetails;
  readonly #parts: SessionParts;
  readonly #onChange: (snapshot: SessionSnapshot) => void;
  #snapshot: SessionSnapshot = { status: "stopped", error: null, offline: false };
  #opened: OpenMatrixClient | null = null;
  #store: MountedStore | null = null;
  #starting: Promise<void> | null = null;
  #abort = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  /** The secret storage key of the operation under way; the SDK asks for it several times within one. */
  #secretStorageKey: { keyId: string; key: Uint8Array<ArrayBuffer> } | null = null;

  constructor(details: SessionDetails, parts: SessionParts, onChange: (snapshot: SessionSnapshot) => void) {
    this.#details = details;
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** They change when another device takes the place of one that the server has removed. */
  get details(): SessionDetails {
    return this.#details;
  }

  get snapshot(): SessionSnapshot {
    return this.#snapshot;
  }

  get host(): string {
    return new URL(this.details.baseUrl).host;
  }

  /** Resolves once the session runs, or once it is known why it does not: it never rejects. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  /** Resolves when no start is under way; begins none. Never rejects. */
  async whenStarted(): Promise<void> {
    await this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#opened) await this.#close();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    // Everything that is under way listens for the end: many at once are no leak.
    setMaxListeners(0, signal);
    this.#set({ status: "starting", error: null, offline: false });
    try {
      const read = await this.#parts.secretStore.read(this.details.accountId);
      if (read.kind === "absent") throw fail("secret_missing");
      if (read.kind === "unreadable") {
        this.#set({ status: "locked", error: unreadableError(read.reason), offline: false });
        return;
      }
      this.#parts.keepOutOfLogs(read.secrets.accessToken);
      this.#parts.keepOutOfLogs(read.secrets.storageKey);
      if (read.secrets.newDevice !== null) await this.#moveTo(read.secrets.newDevice);
      const engine = await this.#parts.loadEngine();
      signal.throwIfAborted();
      const { accountId } = this.details;
      this.#store = await this.#parts.cryptoStores.mount(accountId, this.#parts.cryptoFolders(accountId).crypto, {
        mustExist: this.details.hasRun,
        onWriteFailed: (failure) => this.#storeFailed(failure),
      });
      this.#opened = await this.#openClient(engine, read.secrets, this.#store.databasePrefix);
      signal.throwIfAborted();
      await this.#syncUntilKnown(this.#opened);
    } catch (thrown) {
      await this.#close();
      if (signal.aborted) return;
      const failure = toServerFailure(thrown, this.host);
      if (!(failure instanceof AppFailure)) this.#parts.logger.error("a session did not start", { error: thrown });
      const error: AppError = failure instanceof AppFailure ? failure.error : { kind: "internal", ref: "session" };
      this.#set({ status: "failed", error, offline: false });
    }
  }

  #openClient(
    engine: Awaited<ReturnType<LoadEngine>>,
    secrets: AccountSecrets,
    databasePrefix: string,
  ): Promise<OpenMatrixClient> {
    return engine.openMatrixClient({
      ...this.details,
      accessToken: secrets.accessToken,
      storageKey: Buffer.from(secrets.storageKey, "base64"),
      databasePrefix,
      fetch: this.#parts.fetch,
      logger: this.#whileOpen(),
      cryptoCallbacks: this.#cryptoCallbacks(),
    });
  }

  /** The SDK complains of everything that is cut off by a stop; that is no news. */
  #whileOpen(): Logger {
    const { logger } = this.#parts;
    const { signal } = this.#abort;
    return {
      ...logger,
      warn: (message, fields) => void (signal.aborted || logger.warn(message, fields)),
      error: (message, fields) => void (signal.aborted || logger.error(message, fields)),
    };
  }

  /** Reads the running session's crypto store, for a copy. Throws why the session is not there to be used. */
  get storeReader(): StoreReader {
    this.#usableClient();
    return (this.#store as MountedStore).reader;
  }

  /** What opens the values in the crypto store: 32 bytes. Throws why they cannot be read now. */
  async readStorageKey(): Promise<Uint8Array> {
    const read = await this.#parts.secretStore.read(this.details.accountId);
    if (read.kind === "absent") throw fail("secret_missing");
    if (read.kind === "unreadable") throw new AppFailure(unreadableError(read.reason));
    return Buffer.from(read.secrets.storageKey, "base64");
  }

  /** The disk refused a write: nothing more can be kept, so the session ends and says so. */
  #storeFailed(failure: AppFailure): void {
    void this.stop().then(() => this.#set({ status: "failed", error: failure.error, offline: false }));
  }

  /**
   * Makes ready what a new device needs to take the place of this one, which the server has removed: a crypto store with
   * all room keys, without asking the server anything. What there was stays as it is, and the session is stopped.
   * Throws `cancelled` when it is stopped meanwhile, and what opening the stores throws.
   */
  async prepareDevice(device: NextDevice): Promise<void> {
    await this.stop();
    this.#abort = new AbortController();
    const storageKey = await this.readStorageKey();
    const preparing = fillNextStore(this.#parts, { ...this.#details, storageKey }, device, this.#abort);
    // Whoever stops the session waits for this too.
    this.#starting = preparing.catch(() => undefined);
    try {
      await preparing;
    } finally {
      this.#starting = null;
    }
  }

  /** The device that counts from now on gets its crypto store in its place. Goes on wherever it was cut off. */
  async #moveTo(deviceId: string): Promise<void> {
    const { accountId } = this.#details;
    await takeNextStore(this.#parts.cryptoFolders(accountId));
    await this.#parts.onNewDevice(deviceId);
    this.#details = { ...this.#details, deviceId, hasRun: true };
    await this.#parts.secretStore.update(accountId, (secrets) => ({ ...secrets, newDevice: null }));
  }

  /** Starts to sync; resolves with the first thing that is known about the server. */
  async #syncUntilKnown(opened: OpenMatrixClient): Promise<void> {
    const { client } = opened;
    const known = new Promise<void>((resolve) => {
      this.#abort.signal.addEventListener("abort", () => resolve(), { once: true });
      client.on("sync" as ClientEvent.Sync, (state, _previous, data) => {
        if (this.#opened !== opened) return;
        this.#syncStateChanged(state, data?.error);
        if (this.#snapshot.status !== "starting") resolve();
      });
      client.on("Session.logged_out" as never, ((error: { data?: { soft_logout?: unknown } }) => {
        if (this.#opened !== opened) return;
        this.#loggedOut(error.data?.soft_logout === true);
        resolve();
      }) as never);
    });
    await opened.startSync();
    await known;
  }

  #syncStateChanged(state: SyncState, error: Error | undefined): void {
    if (this.#snapshot.status === "softLoggedOut") return;
    if (state === "PREPARED" || state === "SYNCING") {
      this.#set({ status: "running", error: null, offline: false });
    } else if (state === "ERROR" || state === "RECONNECTING") {
      if (this.#snapshot.status === "running") {
        this.#set({ status: "running", error: null, offline: true });
      } else if (error) {
        const failure = toServerFailure(error, this.host);
        const reason: AppError =
          failure instanceof AppFailure ? failure.error : { kind: "bad_answer", host: this.host };
        this.#set({ status: "failed", error: reason, offline: true });
      }
    }
  }

  #loggedOut(softLogout: boolean): void {
    this.#opened?.client.stopClient();
    this.#set({ status: "softLoggedOut", error: { kind: "unauthenticated", softLogout }, offline: false });
  }

  #cryptoCallbacks(): CryptoCallbacks {
    return {
      getSecretStorageKey: ({ keys }) => {
        const held = this.#secretStorageKey;
        return Promise.resolve(held && held.keyId in keys ? [held.keyId, held.key] : null);
      },
    };
  }

  /** Stops and closes everything; the crypto store is on disk when this resolves. Work under way fails as `cancelled`. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#starting;
    await this.#close();
    this.#set({ status: "stopped", error: null, offline: false });
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    const store = this.#store;
    this.#opened = null;
    this.#store = null;
    opened?.client.stopClient();
    opened?.client.removeAllListeners();
    await store?.close();
  }

  /** Stops, and removes the crypto store from disk. */
  async destroy(): Promise<void> {
    const { accountId } = this.details;
    await this.stop();
    const store = await this.#parts.cryptoStores.mount(accountId, this.#parts.cryptoFolders(accountId).crypto);
    await store.destroy();
  }

  /**
   * Does something with the signed-in client. What the server or the connection refuses comes out as `AppFailure`; a
   * session that is not there to be used says why.
   */
  async use<T>(work: (client: MatrixClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const client = this.#usableClient();
    const { signal } = this.#abort;
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(fail("cancelled"));
      signal.addEventListener("abort", stop, { once: true });
    });
    try {
      // Not every request of the SDK takes a signal: whoever waits for one is released all the same.
      return await Promise.race([work(client, signal), stopped]);
    } catch (thrown) {
      if (signal.aborted) throw new AppFailure({ kind: "cancelled" }, { cause: thrown });
      throw toServerFailure(thrown, this.host);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** As `use`, after everything before it in this account's queue has ended: for work in several steps. */
  useAlone<T>(work: (client: MatrixClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => this.use(work));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Lets the SDK open secret storage with this key for the length of one operation. */
  async withSecretStorageKey<T>(keyId: string, key: Uint8Array<ArrayBuffer>, work: () => Promise<T>): Promise<T> {
    this.#secretStorageKey = { keyId, key };
    try {
      return await work();
    } finally {
      this.#secretStorageKey = null;
    }
  }

  #usableClient(): MatrixClient {
    const { status, error, offline } = this.#snapshot;
    const usable = status === "running" || (status === "failed" && offline);
    if (usable && this.#opened) return this.#opened.client;
    throw error ? new AppFailure(error) : fail("account_not_running");
  }

  #set(snapshot: SessionSnapshot): void {
    const before = this.#snapshot;
    if (JSON.stringify(before) === JSON.stringify(snapshot)) return;
    this.#snapshot = snapshot;
    this.#onChange(snapshot);
  }
}
