import { setMaxListeners } from "node:events";
import type { ClientEvent, MatrixClient, SyncState } from "matrix-js-sdk";
import type { SessionStatus } from "../../shared/contract/accounts.ts";
import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { KeepOutOfLogs, Secret, StorageKey } from "../../shared/secret.ts";
import type { CryptoStores, MountedStore, StoreReader } from "../cryptoStore/index.ts";
import type { Logger } from "../logging/logger.ts";
import type { AccountSecrets, SecretStore } from "../secrets/secretStore.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { ServerLimits } from "../http/limits.ts";
import type { Fetch } from "../http/redirects.ts";
import type { OpenMatrixClient } from "../sdk/matrixClient.ts";
import { checkLoopback } from "../http/loopback.ts";
import { PinnedIdentity } from "../sdk/pinnedIdentity.ts";
import { type CryptoFolders, fillNextStore, type MigrateRoomKeys, type SetAside, takeNextStore } from "./deviceMigration.ts";
import { StoppedFailure, stopOf, toServerFailure } from "../http/serverErrors.ts";
import type { LoadSdk, SessionDetails } from "./sessionDetails.ts";
import type { KeeperTimes, TokenKeeper } from "../http/tokenKeeper.ts";
import { adminBaseOf, oauthGrantIn, sessionTokens } from "./oauth/oauthTokens.ts";
import { unreadableError } from "./unreadableError.ts";

/** How long the end of a session waits for tokens that are being refreshed, so that they are written down. Milliseconds. */
const LAST_TOKENS_MS = 5_000;

export interface SessionParts {
  secretStore: SecretStore;
  cryptoStores: CryptoStores;
  /** The folder of this account's crypto store, and that of one which is to take its place. */
  cryptoFolders: (accountId: AccountId) => CryptoFolders;
  fetch: Fetch;
  /** Where the person has said that the admin API of an account's server is; null where nobody has. */
  adminBaseUrl?: (accountId: AccountId) => string | null;
  /** In place of what a server is given. */
  serverLimits?: Partial<ServerLimits>;
  /** In place of how patiently tokens are refreshed. */
  keeperTimes?: Partial<KeeperTimes>;
  loadSdk: LoadSdk;
  migrateRoomKeys: MigrateRoomKeys;
  /** Writes down that the session has another device from now on, whose crypto store is in its place. */
  onNewDevice: (deviceId: string) => Promise<void>;
  /** Writes down that some room keys lie in a store that was set aside, and nowhere else that is known. */
  onSetAside: (setAside: SetAside) => Promise<void>;
  /** Told of every token that comes into use, so that no log shows it. */
  keepOutOfLogs: KeepOutOfLogs;
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: Secret) => void;
  /** An account of another server than this computer's is not started: `this_computer_only`. */
  onlyThisComputer: boolean;
  logger: Logger;
}

export interface SessionSnapshot {
  status: SessionStatus;
  error: AppError | null;
  offline: boolean;
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
  /** The way to the server of the last start, also after its end. */
  #homeserver: HomeserverClient | null = null;
  /** Those of the last start, also after its end: what they have begun to exchange is written down all the same. */
  #tokens: TokenKeeper | null = null;
  #starting: Promise<void> | null = null;
  /** Settles when everything is closed that has been told to. */
  #closing: Promise<unknown> = Promise.resolve();
  /** Aborted when the session is stopped; with `unauthenticated`, when the server no longer takes its token. */
  #abort = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();

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
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    // Everything that is under way listens for the end: many at once are no leak.
    setMaxListeners(0, signal);
    this.#set({ status: "starting", error: null, offline: false });
    try {
      await this.#close();
      await this.#tokens?.settled();
      // Before its secrets are read: they have no business there.
      if (this.#parts.onlyThisComputer) checkLoopback(this.details.baseUrl);
      const read = await this.#parts.secretStore.read(this.details.accountId);
      if (read.kind === "absent") throw fail("secret_missing");
      if (read.kind === "unreadable") {
        this.#set({ status: "locked", error: unreadableError(read.reason), offline: false });
        return;
      }
      this.#parts.keepOutOfLogs(read.secrets.accessToken);
      this.#parts.keepOutOfLogs(read.secrets.storageKey);
      if (read.secrets.newDevice !== null) await this.#moveTo(read.secrets.newDevice);
      const engine = await this.#parts.loadSdk();
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

  #openClient(engine: Awaited<ReturnType<LoadSdk>>, secrets: AccountSecrets, databasePrefix: string): Promise<OpenMatrixClient> {
    const { accountId, userId, deviceId, baseUrl } = this.details;
    const { fetch, secretStore, serverLimits, logger, adminBaseUrl: adminBaseUrlOf } = this.#parts;
    const { signal: ended } = this.#abort;
    const tokens = (this.#tokens = sessionTokens(this.#parts, this.details, secrets, () => void (ended.aborted || this.#loggedOut(false))));
    const addresses = { baseUrl, adminBaseUrl: () => adminBaseUrlOf?.(accountId) ?? null, authBaseUrl: adminBaseOf(oauthGrantIn(secrets)) };
    this.#homeserver = new HomeserverClient({ fetch, ...addresses, tokens, ended, ...(serverLimits && { limits: serverLimits }) });
    return engine.openMatrixClient({
      userId,
      deviceId,
      homeserver: this.#homeserver,
      accessToken: secrets.accessToken,
      storageKey: secrets.storageKey,
      databasePrefix,
      identity: new PinnedIdentity(userId, secrets.identity, async (identity) => {
        await secretStore.update(accountId, (kept) => ({ ...kept, identity }));
      }),
      ended,
      logger: this.#whileOpen(),
      sharedLogger: logger,
    });
  }

  /** The SDK complains of everything that is cut off by the end of the session; that is no news. */
  #whileOpen(): Logger {
    const { logger } = this.#parts;
    const { signal } = this.#abort;
    return {
      ...logger,
      warn: (message, fields) => void (signal.aborted || logger.warn(message, fields)),
      error: (message, fields) => void (signal.aborted || logger.error(message, fields)),
    };
  }

  /** After the computer has slept: tokens whose time was up meanwhile are replaced before a request needs them. */
  woke(): void {
    if (!this.#abort.signal.aborted) this.#tokens?.accessToken().catch(() => undefined);
  }

  /** Reads the running session's crypto store, for a copy. Throws why the session is not there to be used. */
  get storeReader(): StoreReader {
    this.#usableClient();
    return (this.#store as MountedStore).reader;
  }

  /** What opens the values in the crypto store: 32 bytes. Throws why they cannot be read now. */
  async readStorageKey(): Promise<StorageKey> {
    return (await this.#readSecrets()).storageKey;
  }

  async #readSecrets(): Promise<AccountSecrets> {
    const read = await this.#parts.secretStore.read(this.details.accountId);
    if (read.kind === "absent") throw fail("secret_missing");
    if (read.kind === "unreadable") throw new AppFailure(unreadableError(read.reason));
    return read.secrets;
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
  async prepareDevice(deviceId: string): Promise<void> {
    do await this.stop();
    while (this.#starting !== null);
    this.#abort = new AbortController();
    const preparing = this.#prepareDevice(deviceId, this.#abort);
    // Whoever starts or stops the session waits for this too.
    this.#starting = preparing.catch(() => undefined);
    try {
      await preparing;
    } finally {
      this.#starting = null;
    }
  }

  async #prepareDevice(deviceId: string, stop: AbortController): Promise<void> {
    const secrets = await this.#readSecrets();
    // A move that was not finished: its crypto store may be the only one, and is where the next would be filled.
    if (secrets.newDevice !== null) await this.#moveTo(secrets.newDevice);
    await fillNextStore(this.#parts, { ...this.#details, storageKey: secrets.storageKey }, deviceId, stop);
  }

  /** The device that counts from now on gets its crypto store in its place. Goes on wherever it was cut off. */
  async #moveTo(deviceId: string): Promise<void> {
    const { accountId } = this.#details;
    await takeNextStore(this.#parts.cryptoFolders(accountId), this.#parts.onSetAside);
    await this.#parts.onNewDevice(deviceId);
    this.#details = { ...this.#details, deviceId, hasRun: true };
    await this.#parts.secretStore.update(accountId, (secrets) => ({ ...secrets, newDevice: null }));
  }

  /** Starts to sync; resolves with the first thing that is known about the server. */
  async #syncUntilKnown(opened: OpenMatrixClient): Promise<void> {
    const known = new Promise<void>((resolve) => {
      this.#abort.signal.addEventListener("abort", () => resolve(), { once: true });
      opened.client.on("sync" as ClientEvent.Sync, (state, _previous, data) => {
        if (this.#opened !== opened) return;
        this.#syncStateChanged(state, data?.error);
        if (this.#snapshot.status !== "starting") resolve();
      });
      const onLoggedOut = (error: { data?: { soft_logout?: unknown } }): void => {
        if (this.#opened !== opened) return;
        this.#loggedOut(error.data?.soft_logout === true);
        resolve();
      };
      opened.client.on("Session.logged_out" as never, onLoggedOut as never);
    });
    // A start that is cut off may never come to its end.
    await Promise.race([opened.startSync().then(() => known), known]);
  }

  #syncStateChanged(state: SyncState, error: Error | undefined): void {
    if (this.#snapshot.status === "softLoggedOut") return;
    if (state === "PREPARED" || state === "SYNCING") {
      this.#set({ status: "running", error: null, offline: false });
    } else if (state === "ERROR" || state === "RECONNECTING") {
      if (this.#snapshot.status === "running") {
        this.#set({ status: "running", error: error ? this.#reasonOf(error) : null, offline: true });
      } else if (error) {
        this.#set({ status: "failed", error: this.#reasonOf(error), offline: true });
      }
    }
  }

  /** Why a sync failed. What is no answer of the server's at all is one that nobody understands. */
  #reasonOf(error: Error): AppError {
    const failure = toServerFailure(error, this.host);
    return failure instanceof AppFailure ? failure.error : { kind: "bad_answer", host: this.host };
  }

  /** What is under way fails with this, and nothing more is sent: the SDK would go on asking with a dead token. */
  #loggedOut(softLogout: boolean): void {
    const error = { kind: "unauthenticated", softLogout } as const;
    this.#abort.abort(new AppFailure(error));
    this.#opened?.stop();
    this.#set({ status: "softLoggedOut", error, offline: false });
  }

  /** Stops and closes everything; the crypto store is on disk when this resolves. Work under way fails as `cancelled`. */
  async stop(): Promise<void> {
    const abort = this.#abort;
    abort.abort();
    await this.#starting;
    await this.#close();
    await this.#tokens?.settled(LAST_TOKENS_MS);
    // What was begun meanwhile says itself how it is.
    if (this.#abort === abort) this.#set({ status: "stopped", error: null, offline: false });
  }

  /**
   * Resolves when the server has answered every request of this session that changes something, and after so many
   * milliseconds at the latest; answers whether it has. A stopped session's requests may still be under way there.
   */
  async settled(milliseconds: number): Promise<{ allAnswered: boolean }> {
    return (await this.#homeserver?.settled(milliseconds)) ?? { allAnswered: true };
  }

  /** As `TokenKeeper.settled`, of the tokens of the last start. */
  async tokensSettled(milliseconds: number): Promise<{ lastKnown: boolean }> {
    return (await this.#tokens?.settled(milliseconds)) ?? { lastKnown: true };
  }

  /** When this resolves the crypto store can be opened again, whoever had it closed. */
  async #close(): Promise<void> {
    const opened = this.#opened;
    const store = this.#store;
    this.#opened = null;
    this.#store = null;
    opened?.stop();
    opened?.client.removeAllListeners();
    const before = this.#closing;
    const closed = store?.close();
    this.#closing = Promise.allSettled([before, closed]);
    await before;
    await closed;
  }

  /**
   * Stops, and removes the crypto store from disk, whatever state it is in, with one that was to take its place. Throws
   * `store_in_use` before anything is removed, and `file_failed`.
   */
  async destroy(): Promise<void> {
    const { accountId } = this.details;
    await this.stop();
    const { crypto, nextCrypto } = this.#parts.cryptoFolders(accountId);
    // Another process that fills the next one holds the first as well.
    for (const folder of [crypto, nextCrypto]) await this.#parts.cryptoStores.remove(accountId, folder);
  }

  /**
   * Does something with the signed-in client. What the server or the connection refuses comes out as `AppFailure`; a
   * session that is not there to be used says why, and one that ends meanwhile why as a `StoppedFailure`.
   */
  async use<T>(work: (client: MatrixClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const client = this.#usableClient();
    const { signal } = this.#abort;
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(new StoppedFailure(stopOf(signal).error));
      signal.addEventListener("abort", stop, { once: true });
    });
    try {
      // Not every request of the SDK takes a signal: whoever waits for one is released all the same.
      return await Promise.race([work(client, signal), stopped]);
    } catch (thrown) {
      if (signal.aborted) throw new StoppedFailure(stopOf(signal).error, { cause: thrown });
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
    // From now on its crypto store must be there, in this run of the app too.
    if (snapshot.status === "running") this.#details = { ...this.#details, hasRun: true };
    this.#onChange(snapshot);
  }
}
