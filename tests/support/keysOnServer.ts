import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import { BackupDecryptor } from "../../main/roomKeys/backupCipher.ts";
import { backupPublicKey, newPrivateKey, samePublicKey } from "../../main/roomKeys/keyPairs.ts";
import { decryptSecret, encryptSecret, newKeyCheck } from "../../main/encryption/secretCipher.ts";
import { newSecurityKey } from "../../main/encryption/securityKey.ts";
import { PUT_ASIDE, StoredSecret } from "../../main/encryption/secretStorage.ts";
import { cryptoMachineOf } from "../../main/sdk/cryptoInternals.ts";
import { SecretName } from "../../shared/contract/secureBackup.ts";
import type { SecurityKeyBytes } from "../../shared/secret.ts";
import type { MatrixAnswer } from "./matrixApi.ts";
import { privateKeyOf } from "./secretValues.ts";

const KEY = "m.secret_storage.key.";
const BACKUP_KEY = "m.megolm_backup.v1";
/** Where key backups are asked for. */
export const VERSIONS = "/_matrix/client/v3/room_keys/version";
/** Asked twice alike, Synapse answers for two minutes what it has answered before. */
const everythingButRooms = (): string =>
  encodeURIComponent(`{"room":{"rooms":[]},"presence":{"not_types":["*","${randomBytes(8).toString("hex")}"]}}`);

/** Asks the server past the proxy; null when it has no such thing. */
export type Ask = (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) => Promise<MatrixAnswer["body"]>;

/** An account's encryption on its server, entry by entry. */
export interface KeysOnServer {
  /** The identity's public master key. */
  identity: unknown;
  /** Private keys of the identity and of backups that open, as `name value`. */
  secrets: Set<string>;
  /** What room keys open, by room and session: each copy in clear. */
  roomKeys: Map<string, string[]>;
  /** What opens with none of the keys: copies of secrets, descriptions of their keys, backups and entries, as they are. */
  unopened: Set<string>;
  /** The public keys of the backups. */
  backups: unknown[];
}

interface Entry {
  session_data: { ciphertext: string; ephemeral: string; mac: string };
}

/**
 * Reads all of it, with nothing but these keys of secret storage.
 *
 * @param session what this one holds opens as well, where a person is told to count on it
 */
export async function readKeysOnServer(
  ask: Ask,
  userId: string,
  keys: readonly SecurityKeyBytes[],
  session?: MatrixClient,
): Promise<KeysOnServer> {
  const queried = await ask("POST", "/_matrix/client/v3/keys/query", { device_keys: { [userId]: [] } });
  const found: KeysOnServer = {
    identity: queried.master_keys[userId]?.keys ?? null,
    secrets: new Set(),
    roomKeys: new Map(),
    unopened: new Set(),
    backups: [],
  };
  if (session) await readSession(session, found);
  const synced = await ask("GET", `/_matrix/client/v3/sync?timeout=0&filter=${everythingButRooms()}`);
  const accountData = new Map<string, object>(
    (synced.account_data.events as { type: string; content: object }[]).map(({ type, content }) => [type, content]),
  );
  for (const [type, content] of accountData) await readSecret(type, content, keys, accountData, found);
  const newest = await ask("GET", VERSIONS);
  for (let version = Number(newest?.version ?? 0); version > 0; version -= 1) await readBackup(ask, version, found);
  return found;
}

async function readSession(session: MatrixClient, found: KeysOnServer): Promise<void> {
  const crypto = session.getCrypto()!;
  const roomKeys = JSON.parse(await crypto.exportRoomKeysAsJson()) as { room_id: string; session_id: string }[];
  for (const key of roomKeys) add(found.roomKeys, `${key.room_id} ${key.session_id}`, JSON.stringify(key));
  const identity = await cryptoMachineOf(session).exportCrossSigningKeys();
  if (identity) {
    found.secrets.add(`m.cross_signing.master ${identity.masterKey}`);
    found.secrets.add(`m.cross_signing.self_signing ${identity.self_signing_key}`);
    found.secrets.add(`m.cross_signing.user_signing ${identity.userSigningKey}`);
  }
  const backupKey = await crypto.getSessionBackupPrivateKey();
  if (backupKey) found.secrets.add(`${BACKUP_KEY} ${unpadded(backupKey)}`);
}

async function readSecret(
  type: string,
  content: object,
  keys: readonly SecurityKeyBytes[],
  accountData: ReadonlyMap<string, object>,
  found: KeysOnServer,
): Promise<void> {
  // Where something was put aside, the type it had is within the one that it has.
  const name = SecretName.options.find((one) => type === one || type.startsWith(`${PUT_ASIDE}${one}.`));
  if (!name) return;
  const stored = new StoredSecret(content);
  for (const keyId of Object.keys((content as { encrypted?: object }).encrypted ?? {})) {
    const copy = stored.copyFor(keyId);
    let secret: string | null = null;
    for (const key of keys) secret ??= (copy && (await decryptSecret(copy, key, name)))?.reveal() ?? null;
    if (secret !== null) {
      found.secrets.add(`${name} ${secret}`);
      continue;
    }
    found.unopened.add(JSON.stringify([name, keyId, (content as { encrypted: Record<string, unknown> }).encrypted[keyId]]));
    const description = accountData.get(`${KEY}${keyId}`);
    if (description && Object.keys(description).length > 0) found.unopened.add(JSON.stringify([KEY, keyId, description]));
  }
}

async function readBackup(ask: Ask, version: number, found: KeysOnServer): Promise<void> {
  const backup = await ask("GET", `${VERSIONS}/${version}`);
  if (backup === null) return;
  const publicKey: string = backup.auth_data.public_key;
  found.backups.push(publicKey);
  const secrets = [...found.secrets].filter((text) => text.startsWith(`${BACKUP_KEY} `)).map((text) => text.split(" ")[1]!);
  const privateKey = secrets.find((secret) => samePublicKey(backupPublicKey(privateKeyOf(secret)), publicKey));
  if (privateKey === undefined) found.unopened.add(JSON.stringify([version, publicKey]));
  const decryptor = privateKey === undefined ? null : new BackupDecryptor(privateKeyOf(privateKey));
  const { rooms } = (await ask("GET", `/_matrix/client/v3/room_keys/keys?version=${version}`)) as {
    rooms: Record<string, { sessions: Record<string, Entry> }>;
  };
  for (const [roomId, { sessions }] of Object.entries(rooms)) {
    for (const [sessionId, { session_data: data }] of Object.entries(sessions)) {
      const clear = decryptor?.decrypt(data) ?? null;
      if (clear === null) found.unopened.add(JSON.stringify([roomId, sessionId, data]));
      else add(found.roomKeys, `${roomId} ${sessionId}`, clear);
    }
  }
}

function add(map: Map<string, string[]>, id: string, text: string): void {
  map.set(id, [...(map.get(id) ?? []), text]);
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
const plain = (text: string): string => text.replace(/=+$/, "");

/**
 * Nothing may go that is not elsewhere: what opened before opens after, entry by entry, and what did not open is there
 * still, as it was. A private key of the identity has no use any more when the account has another one; one of a backup
 * has none when that backup is gone, of which every room key is looked for.
 */
export function expectNothingGone(before: KeysOnServer, after: KeysOnServer, what: string): void {
  const gone: string[] = [];
  const [replaced, secrets] = [JSON.stringify(before.identity) !== JSON.stringify(after.identity), new Set([...after.secrets].map(plain))];
  for (const secret of before.secrets) {
    const [name, value] = secret.split(" ") as [string, string];
    const moot =
      name === BACKUP_KEY ? !after.backups.some((key) => samePublicKey(backupPublicKey(privateKeyOf(value)), String(key))) : replaced;
    if (!moot && !secrets.has(plain(secret))) gone.push(name);
  }
  for (const [id, copies] of before.roomKeys) {
    const copiesAfter = after.roomKeys.get(id) ?? [];
    if (!copies.every((copy) => copiesAfter.some((other) => opensAsMuch(other, copy)))) gone.push(`room key ${id}`);
  }
  for (const text of before.unopened) if (!after.unopened.has(text)) gone.push(`unopened ${text.slice(0, 200)}`);
  expect(gone, what).toEqual([]);
}

const WithKey = z.object({ session_key: z.string().transform((text) => Buffer.from(text, "base64")) });

/** Whether one text is the other, or both are the same room key of which the one opens as much. */
function opensAsMuch(one: string, other: string): boolean {
  if (one === other) return true;
  const [keyOne, keyOther] = [sessionKeyIn(one), sessionKeyIn(other)];
  if (!keyOne || !keyOther || !keyOne.subarray(-32).equals(keyOther.subarray(-32))) return false;
  return keyOne.readUInt32BE(1) <= keyOther.readUInt32BE(1);
}

function sessionKeyIn(text: string): Buffer | null {
  try {
    const key = WithKey.parse(JSON.parse(text)).session_key;
    return key.length === 165 ? key : null;
  } catch {
    return null;
  }
}

/**
 * Stores a copy of a secret that a key which nobody has here encrypts, with that key's description, as another client
 * leaves it.
 *
 * @returns the key's id
 */
export async function storeUnopenable(ask: Ask, userId: string, name: SecretName): Promise<string> {
  const data = (type: string): string => `/_matrix/client/v3/user/${encodeURIComponent(userId)}/account_data/${type}`;
  const keyId = `elsewhere${randomBytes(8).toString("hex")}`;
  const key = newSecurityKey();
  const copy = await encryptSecret(newPrivateKey(), key, name);
  const content = new StoredSecret(await ask("GET", data(name)));
  await ask("PUT", data(name), content.with(keyId, copy));
  const description = { algorithm: "m.secret_storage.v1.aes-hmac-sha2", ...(await newKeyCheck(key)) };
  await ask("PUT", data(`${KEY}${keyId}`), description);
  return keyId;
}
