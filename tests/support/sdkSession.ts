import { ClientEvent, createClient, MemoryStore, SyncState, type MatrixClient } from "matrix-js-sdk";
import { decodeRecoveryKey, deriveRecoveryKeyFromPassphrase } from "matrix-js-sdk/lib/crypto-api/index.js";
import type { CryptoApi, CryptoCallbacks } from "matrix-js-sdk/lib/crypto-api/index.js";
import { logger as sdkLogger, type Logger } from "matrix-js-sdk/lib/logger.js";
import { RustBackupManager } from "matrix-js-sdk/lib/rust-crypto/backup.js";
import { login, matrixCall, type Tokens } from "./matrixApi.ts";
import { waitUntil, within } from "./waitUntil.ts";

/** What unlocks a Secure Backup: one of the two, never both. */
export type BackupUnlock = { securityKey: string } | { securityPhrase: string };

/** What a session has after it tried to open a Secure Backup. */
export interface OpenedBackup {
  /** The account's own identity has signed this session. */
  sessionVerified: boolean;
  /** All three private cross-signing keys are on this session, out of secret storage. */
  identityKeysHere: boolean;
  /** The version of the key backup that this session now reads and writes; null when there is none it trusts. */
  activeBackupVersion: string | null;
  /** Room keys in the backup, and how many of them could be decrypted and taken. */
  roomKeys: { inBackup: number; restored: number };
}

/** How to come by a session: a new one by password, or an existing one by its tokens. */
export interface SdkSessionOptions {
  baseUrl: string;
  /** Localpart or full id. Needed with `tokens` as well when a helper has to authenticate (UIA). */
  user: string;
  password: string;
  tokens?: Tokens;
  deviceName?: string;
}

const silent = () => undefined;
const silentLogger: Logger = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  getChild: () => silentLogger,
};
// Parts of the SDK (rooms, calls) write to its own logger whatever logger the client was given.
Object.assign(sdkLogger, { methodFactory: () => silent });
(sdkLogger as unknown as { rebuild(): void }).rebuild();

/**
 * Signs in with matrix-js-sdk itself, with end-to-end encryption in memory, and waits for the first sync: the second
 * client of the tests, independent of everything in `main`.
 */
export async function startSdkSession(options: SdkSessionOptions): Promise<SdkSession> {
  const tokens =
    options.tokens ??
    (await login(options.baseUrl, options.user, options.password, {
      displayName: options.deviceName ?? "Second client",
    }));
  const session = new SdkSession(options, tokens);
  try {
    await session.start();
  } catch (error) {
    session.stop();
    throw error;
  }
  return session;
}

/** A matrix-js-sdk session in this process. */
export class SdkSession {
  /** The SDK's own client, for whatever has no helper here. */
  readonly client: MatrixClient;
  readonly tokens: Tokens;
  readonly #options: SdkSessionOptions;
  #unlock: BackupUnlock | null = null;

  constructor(options: SdkSessionOptions, tokens: Tokens) {
    this.#options = options;
    this.tokens = tokens;
    this.client = createClient({
      baseUrl: options.baseUrl,
      ...tokens,
      store: new MemoryStore(),
      logger: silentLogger,
      cryptoCallbacks: { getSecretStorageKey: (request) => this.#secretStorageKey(request) },
    });
  }

  get crypto(): CryptoApi {
    const crypto = this.client.getCrypto();
    if (!crypto) throw new Error("the session has been stopped");
    return crypto;
  }

  async start(): Promise<void> {
    await this.client.initRustCrypto({ useIndexedDB: false });
    const synced = new Promise<void>((resolve) => {
      this.client.on(ClientEvent.Sync, (state) => state === SyncState.Prepared && resolve());
    });
    await this.client.startClient({ initialSyncLimit: 1 });
    await within(synced, 30_000, "the second client's first sync");
    // Until this is known, the SDK cannot import the identity's private keys.
    await this.crypto.userHasCrossSigningKeys(this.tokens.userId, true);
  }

  /** Stops syncing; the session stays signed in on the server. */
  stop(): void {
    this.client.stopClient();
  }

  /** Stops and signs the session out. */
  async signOut(): Promise<void> {
    await this.client.logout(true);
  }

  /**
   * Makes an identity, secret storage and a key backup the way the SDK means it to be done.
   *
   * @param securityPhrase when given, the Security Key is derived from it
   * @returns the Security Key as a person would write it down
   */
  async setUpSecureBackup({ securityPhrase }: { securityPhrase?: string } = {}): Promise<string> {
    await this.crypto.bootstrapCrossSigning({
      authUploadDeviceSigningKeys: async (makeRequest) => {
        const identifier = { type: "m.id.user", user: this.tokens.userId };
        await makeRequest({ type: "m.login.password", identifier, password: this.#options.password });
      },
    });
    const key = await this.crypto.createRecoveryKeyFromPassphrase(securityPhrase);
    if (!key.encodedPrivateKey) throw new Error("the SDK made a Security Key without its text");
    this.#unlock = { securityKey: key.encodedPrivateKey };
    await withPromptUploads(() =>
      this.crypto.bootstrapSecretStorage({
        createSecretStorageKey: async () => key,
        setupNewSecretStorage: true,
        setupNewKeyBackup: true,
      }),
    );
    return key.encodedPrivateKey;
  }

  /**
   * Opens the account's Secure Backup with nothing but a Security Key or a Security Phrase, as a person does on a new
   * device, and says what came of it.
   *
   * @throws when the key or phrase is wrong, or a secret is missing
   */
  async openBackupWith(unlock: BackupUnlock): Promise<OpenedBackup> {
    this.#unlock = unlock;
    const { crypto } = this;
    await crypto.bootstrapCrossSigning({});
    await withPromptUploads(async () => {
      await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
      await crypto.checkKeyBackupAndEnable();
    });
    const restored = await crypto.restoreKeyBackup();
    const status = await crypto.getCrossSigningStatus();
    const { masterKey, selfSigningKey, userSigningKey } = status.privateKeysCachedLocally;
    return {
      sessionVerified: await this.isVerified(),
      identityKeysHere: masterKey && selfSigningKey && userSigningKey,
      activeBackupVersion: await crypto.getActiveSessionBackupVersion(),
      roomKeys: { inBackup: restored.total, restored: restored.imported },
    };
  }

  /**
   * Opens the newest key backup with a Security Key or Phrase, whether or not the identity's keys fit.
   *
   * @returns how many room keys could be read
   * @throws when the key does not lead to that backup
   */
  async readBackupWith(unlock: BackupUnlock): Promise<number> {
    this.#unlock = unlock;
    await this.crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    return (await this.crypto.restoreKeyBackup()).imported;
  }

  /** Whether a session of this account (this one unless named) is signed by the account's identity, asked anew. */
  async isVerified(deviceId = this.tokens.deviceId): Promise<boolean> {
    // Of the SDK's ways to look at own devices, this one alone makes a key query and waits for its answer.
    await this.crypto.userHasCrossSigningKeys(this.tokens.userId, true);
    const status = await this.crypto.getDeviceVerificationStatus(this.tokens.userId, deviceId);
    return status?.crossSigningVerified ?? false;
  }

  /**
   * Makes `count` real room keys: an encrypted room in which every message has a key of its own. Where the session
   * has a key backup, waits until all of them are in it.
   *
   * @returns the room's id
   */
  async sendRoomKeys(count: number): Promise<string> {
    const { room_id: roomId } = await this.client.createRoom({
      initial_state: [
        {
          type: "m.room.encryption",
          state_key: "",
          content: { algorithm: "m.megolm.v1.aes-sha2", rotation_period_msgs: 1 },
        },
      ],
    });
    const isEncrypted = () => this.client.getRoom(roomId)?.hasEncryptionStateEvent() ?? false;
    await waitUntil(isEncrypted, { what: "the encrypted room to arrive" });
    const before = await this.#keysInBackup();
    await withPromptUploads(async () => {
      for (let index = 0; index < count; index++) await this.client.sendTextMessage(roomId, `Message ${index + 1}`);
    });
    if (before !== null) {
      await waitUntil(async () => ((await this.#keysInBackup()) ?? 0) >= before + count, {
        timeoutMs: 30_000 + count * 100,
        everyMs: 200,
        what: `${count} room keys in the backup`,
      });
    }
    return roomId;
  }

  async #keysInBackup(): Promise<number | null> {
    if ((await this.crypto.getActiveSessionBackupVersion()) === null) return null;
    // Asked of the server: the SDK answers from memory, with a count that never changes.
    const path = "/_matrix/client/v3/room_keys/version";
    const { body } = await matrixCall(this.#options.baseUrl, { path, token: this.tokens.accessToken });
    return body.count;
  }

  async #secretStorageKey({
    keys,
  }: Parameters<NonNullable<CryptoCallbacks["getSecretStorageKey"]>>[0]): Promise<[string, Uint8Array<ArrayBuffer>] | null> {
    const unlock = this.#unlock;
    if (!unlock) return null;
    for (const [keyId, description] of Object.entries(keys)) {
      const { salt, iterations, bits } = description.passphrase ?? {};
      if ("securityPhrase" in unlock && (salt === undefined || iterations === undefined)) continue;
      const key =
        "securityKey" in unlock
          ? decodeRecoveryKey(unlock.securityKey)
          : await deriveRecoveryKeyFromPassphrase(unlock.securityPhrase, salt ?? "", iterations ?? 0, bits);
      if (await this.client.secretStorage.checkKey(key, description)) return [keyId, key];
    }
    return null;
  }
}

/** Does `work` while the SDK begins to upload room keys at once; else it waits up to ten seconds, to spare the server. */
async function withPromptUploads(work: () => Promise<unknown>): Promise<void> {
  const delay = RustBackupManager.maxBackupLoopStartDelayMillis;
  Object.assign(RustBackupManager, { maxBackupLoopStartDelayMillis: 0 });
  try {
    await work();
  } finally {
    Object.assign(RustBackupManager, { maxBackupLoopStartDelayMillis: delay });
  }
}
