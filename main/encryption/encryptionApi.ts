import { randomUUID } from "node:crypto";
import type { KeysBackupRequest } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";
import type { CryptoMachine } from "../sdk/cryptoInternals.ts";
import * as z from "zod";
import { fail, isFailure } from "../../shared/errors.ts";
import { revealedJson } from "../../shared/secret.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import type { ServerLimits } from "../http/limits.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { accountDataIn } from "../sdk/accountDataOfSync.ts";
import { keysQueriesOf } from "../sdk/keysQueries.ts";
import { fromBase64OfLength } from "../roomKeys/base64.ts";
import { BackupEntriesApi } from "../roomKeys/backupEntriesApi.ts";

const PREFIX = "/_matrix/client/v3";
const DEHYDRATED_DEVICE = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device";
/** No account data that is read here is longer; what is longer was not written by a client of good will. */
const MAX_ACCOUNT_DATA = 64 * 1024;
/** The one kind of key backup that the spec has (Client-Server API, "Server-side key backups"). */
export const BACKUP_ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2";

const PUBLIC_KEY_BYTES = 32;
const BackupVersion = z.object({
  version: z.string().min(1).max(255),
  algorithm: z.string().max(255),
  count: z.number().int().nonnegative().catch(0),
  etag: z.string().max(255).nullish().catch(null),
  auth_data: z.object({ public_key: z.string().max(255).optional().catch(undefined) }).catch({}),
});

/** A key backup on the server. */
export interface ServerBackup {
  version: string;
  algorithm: string;
  keyCount: number;
  /** Changes with the entries; null where the server does not say. */
  etag: string | null;
  /** Unpadded or padded base64; null when the algorithm is not one that Steward knows, or what it names is no key. */
  publicKey: string | null;
  /** The whole answer, for the SDK to look at its signatures. */
  raw: unknown;
}

/**
 * Asks for everything in the account data, and nothing of the rooms. Each differs from the last: Synapse answers a first
 * sync from memory for two minutes when it is asked the same again.
 */
const accountDataAlone = (): string =>
  JSON.stringify({
    room: { rooms: [] },
    presence: { not_types: ["*"] },
    account_data: { not_types: [`steward.${randomUUID()}`] },
  });

const DehydratedDevice = z.object({ device_id: z.string() });

/** One type of all account data, as `EncryptionApi.accountData` has it. */
export function accountDataOf(all: ReadonlyMap<string, unknown>, type: string): unknown {
  const content = all.get(type) ?? null;
  return content !== null && JSON.stringify(content).length > MAX_ACCOUNT_DATA ? false : content;
}

const SigningKey = z.object({ keys: z.record(z.string(), z.string().max(255)) }).transform(({ keys }) => {
  const all = Object.values(keys);
  return all.length === 1 ? all[0]! : null;
});

const KeysAnswer = z.object({
  master_keys: z.record(z.string(), z.unknown()).catch({}),
  self_signing_keys: z.record(z.string(), z.unknown()).catch({}),
  user_signing_keys: z.record(z.string(), z.unknown()).catch({}),
});

/** The public keys of an account's identity on the server, base64; null where there is none. */
export interface ServerIdentity {
  master: string | null;
  selfSigning: string | null;
  userSigning: string | null;
}

export interface EncryptionApiOptions {
  /** Cuts the request under way. */
  signal: AbortSignal;
  /** Called before each request; it throws when no further one shall be sent. */
  beforeEach?: () => void;
}

/**
 * What encryption asks of the homeserver. Reads go to the server each time, whatever the SDK remembers, and nothing is
 * sent twice of its own accord. Throws as `HomeserverClient` does.
 */
export class EncryptionApi {
  readonly #client: MatrixClient;
  readonly #homeserver: HomeserverClient;
  readonly #options: EncryptionApiOptions;

  constructor(client: MatrixClient, options: EncryptionApiOptions) {
    this.#client = client;
    this.#homeserver = homeserverOf(client);
    this.#options = options;
  }

  /**
   * One event of the account data, unchecked. Null when it was never written; what is longer than anything sensible
   * comes back as `false`, which no schema takes.
   *
   * @param longest how long it may be, in characters
   */
  async accountData(type: string, longest = MAX_ACCOUNT_DATA): Promise<unknown> {
    const text = await this.#orNull(this.#send("GET", this.#accountDataPath(type)));
    if (text === null) return null;
    return text.length > longest ? false : this.#parse(text);
  }

  /** Writes one event of the account data; does not wait until it comes back with the sync. */
  async setAccountData(type: string, content: object): Promise<void> {
    await this.#send("PUT", this.#accountDataPath(type), JSON.stringify(content));
  }

  /**
   * All of the account data, by type and unchecked: there is no other way to learn which types there are. Asked as a
   * sync of its own that acknowledges nothing, so that the messages to this session stay for the one that goes on.
   */
  async allAccountData(): Promise<ReadonlyMap<string, unknown>> {
    const query = { filter: accountDataAlone(), timeout: "0", set_presence: "offline" };
    // As much work for a server as the first sync of a session.
    const limits = { answerMs: this.#homeserver.limits.firstSyncMs };
    const all = accountDataIn(this.#parse(await this.#send("GET", "/sync", undefined, query, limits)));
    if (all === null) throw this.#badAnswer();
    return all;
  }

  /**
   * The account's public keys. The crypto machine learns them too, so that it and we judge by the same answer: one that was
   * not overtaken by another's.
   */
  async queryOwnKeys(machine: CryptoMachine): Promise<ServerIdentity> {
    const request = machine.queryKeysForUsers([machine.userId]);
    const parsed = await keysQueriesOf(machine).ask(request.id, async () => {
      const text = await this.#send("POST", "/keys/query", request.body);
      const read = KeysAnswer.safeParse(this.#parse(text));
      if (!read.success) throw this.#badAnswer();
      await machine.markRequestAsSent(request.id, request.type, text);
      return read;
    });
    const userId = this.#client.getSafeUserId();
    const keyOf = (keys: Record<string, unknown>): string | null => SigningKey.safeParse(keys[userId]).data ?? null;
    return {
      master: keyOf(parsed.data.master_keys),
      selfSigning: keyOf(parsed.data.self_signing_keys),
      userSigning: keyOf(parsed.data.user_signing_keys),
    };
  }

  /** Sends what the crypto machine wants sent, and tells it of the answer. */
  async sendForMachine(
    machine: CryptoMachine,
    path: string,
    request: { id: string | undefined; type: number; body: string },
  ): Promise<void> {
    const answer = this.#checked(await this.#send("POST", path, request.body));
    if (request.id !== undefined) await machine.markRequestAsSent(request.id, request.type, answer);
  }

  /** Uploads the public keys of an identity. Throws the server's 401 when it wants authentication first. */
  async uploadSigningKeys(body: string, auth: object | null): Promise<void> {
    // The answer to a Challenge may have a password in it.
    const content = auth === null ? body : revealedJson({ ...(JSON.parse(body) as object), auth });
    await this.#send("POST", "/keys/device_signing/upload", content);
  }

  /** The newest key backup, or the one of that version; null when there is none. */
  async backup(ofVersion?: string): Promise<ServerBackup | null> {
    const path = ofVersion === undefined ? "/room_keys/version" : this.#backupPath(ofVersion);
    const text = await this.#orNull(this.#send("GET", path));
    if (text === null) return null;
    const raw = this.#parse(text);
    const parsed = BackupVersion.safeParse(raw);
    if (!parsed.success) throw this.#badAnswer();
    const { version, algorithm, count, etag, auth_data: authData } = parsed.data;
    const named = algorithm === BACKUP_ALGORITHM ? (authData.public_key ?? null) : null;
    const publicKey = named !== null && fromBase64OfLength(named, PUBLIC_KEY_BYTES) ? named : null;
    return { version, algorithm, keyCount: count, etag: etag ?? null, publicKey, raw };
  }

  /** Creates a new, empty key backup beside those that exist. Answers its version. */
  async createBackup(authData: { public_key: string; signatures: object }): Promise<string> {
    const body = JSON.stringify({ algorithm: BACKUP_ALGORITHM, auth_data: authData });
    const parsed = z
      .object({ version: z.string().min(1).max(255) })
      .safeParse(this.#parse(await this.#send("POST", "/room_keys/version", body)));
    if (!parsed.success) throw this.#badAnswer();
    return parsed.data.version;
  }

  /** Replaces what a key backup says of itself, its signatures above all. The public key must stay the same. */
  async updateBackup(version: string, authData: { public_key: string; signatures: object }): Promise<void> {
    const body = JSON.stringify({ algorithm: BACKUP_ALGORITHM, auth_data: authData, version });
    await this.#send("PUT", this.#backupPath(version), body);
  }

  /** Deletes a key backup with all its room keys; that it is gone already is as good. */
  async deleteBackup(version: string): Promise<void> {
    await this.#orNull(this.#send("DELETE", this.#backupPath(version)));
  }

  /** Whether the server has a dehydrated device of this account (MSC3814); one that knows of no such thing has none. */
  async hasDehydratedDevice(): Promise<boolean> {
    this.#options.beforeEach?.();
    const { signal } = this.#options;
    const text = await this.#orNull(this.#homeserver.text({ path: DEHYDRATED_DEVICE, signal }));
    if (text === null) return false;
    if (!DehydratedDevice.safeParse(this.#parse(text)).success) throw this.#badAnswer();
    return true;
  }

  /** Uploads the room keys that the crypto machine has put together, and tells it so. */
  async uploadRoomKeys(machine: CryptoMachine, request: KeysBackupRequest): Promise<void> {
    const query = { version: request.version };
    const answer = this.#checked(await this.#send("PUT", "/room_keys/keys", request.body, query));
    await machine.markRequestAsSent(request.id, request.type, answer);
  }

  /** Carries the entries of a key backup, piece by piece. Patient and persistent, unlike everything else here. */
  entriesOf(version: string): BackupEntriesApi {
    const { beforeEach, signal } = this.#options;
    beforeEach?.();
    return new BackupEntriesApi({ homeserver: this.#homeserver, version, signal });
  }

  /** The homeserver's name and port. */
  get host(): string {
    return this.#homeserver.host;
  }

  #backupPath(version: string): string {
    return `/room_keys/version/${encodeURIComponent(version)}`;
  }

  #accountDataPath(type: string): string {
    return `/user/${encodeURIComponent(this.#client.getSafeUserId())}/account_data/${encodeURIComponent(type)}`;
  }

  #send(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    body?: string,
    query?: Record<string, string>,
    limits?: Partial<ServerLimits>,
  ): Promise<string> {
    this.#options.beforeEach?.();
    // The text itself is wanted: its length is looked at, and the crypto machine parses answers by itself.
    return this.#homeserver.text({
      method,
      path: PREFIX + path,
      ...(query && { query }),
      ...(body !== undefined && { body }),
      ...(limits && { limits }),
      signal: this.#options.signal,
    });
  }

  async #orNull(asked: Promise<string>): Promise<string | null> {
    try {
      return await asked;
    } catch (thrown) {
      if (isFailure(thrown, "not_found")) return null;
      throw thrown;
    }
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#badAnswer();
    }
  }

  /** The text itself, which is JSON: what the machine says of any other is not meant for people. */
  #checked(text: string): string {
    this.#parse(text);
    return text;
  }

  #badAnswer(): Error {
    return fail("bad_answer", { host: this.host });
  }
}
