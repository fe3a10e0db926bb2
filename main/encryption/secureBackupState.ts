import { type KeptKeyState, SecretName, type SecureBackupDiagnosis, type SecureBackupState } from "../../shared/contract/secureBackup.ts";
import type { AccountHealth } from "../../shared/contract/accounts.ts";
import type { AppError } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { BACKUP_ALGORITHM, type ServerBackup, type ServerIdentity } from "./encryptionApi.ts";
import { hasJustWritten } from "../sdk/accountDataOfSync.ts";
import { readDehydratedDevice } from "./dehydratedDevice.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { belongsTo, IDENTITY_SECRETS, identityKeysHere, type IdentityPrivateKeys, isThisSessionVerified } from "./crossSigning.ts";
import {
  backupKeyHere,
  connectedVersion,
  isSignedByTrusted,
  isTurnedOff,
  newestBackup,
  NOT_WANTED_BEFORE,
  opensBackup,
  WANTED,
} from "./keyBackup.ts";
import { elsewhereAsRead, KEY_PREFIX, unneededKeys } from "./removeStorageKeys.ts";
import {
  DEFAULT_KEY,
  type DefaultKey,
  defaultKeyIn,
  type DescribedKey,
  descriptionIn,
  type StoredSecret,
  storedSecretsIn,
} from "./secretStorage.ts";

/** Everything that the server and this session have of a Secure Backup, read at one time. Holds private keys. */
export interface SecureBackupReading {
  identity: ServerIdentity;
  defaultKey: DefaultKey;
  /** Of the default key; null when there is none that makes sense. */
  description: DescribedKey | null;
  stored: Record<SecretName, StoredSecret>;
  /** Null when there is none, or what the server says of it cannot be read. */
  backup: ServerBackup | null;
  /** Why what the server says of the backup cannot be read; null when it can. */
  backupProblem: AppError | null;
  identityKeys: IdentityPrivateKeys;
  backupKey: PrivateKey | null;
  thisSessionVerified: boolean;
  activeVersion: string | null;
  /** Signed by this session, another verified one, or the identity. */
  backupSigned: boolean;
  /** Keys of secret storage that nothing needs any more, by id. */
  unneededKeys: string[];
  /** Another client, or this one, has said that no backup is wanted. */
  turnedOff: boolean;
  /** The master key that the server gives in place of the one that counts here; null when it gives that. */
  changedTo: string | null;
  dehydratedDevice: NonNullable<AccountHealth["dehydratedDevice"]>;
}

/** What is known already, and not asked for again. */
export interface JustLearnt {
  /** What the server has just answered about the public keys of the identity. */
  identity?: Promise<ServerIdentity>;
  /** All of the account data, as the sync has brought them. */
  accountData?: ReadonlyMap<string, unknown> | null;
}

/** Reads the server and this session; all account data at once, but for what this session may just have written. */
export async function readSecureBackup(access: EncryptionContext, learnt: JustLearnt = {}): Promise<SecureBackupReading> {
  const { machine, server, storage } = access;
  const [identity, { backup, problem }, accountData] = await Promise.all([
    learnt.identity ?? server.queryOwnKeys(machine),
    newestBackup(server),
    accountDataOnServer(access, learnt.accountData ?? null),
  ]);
  const [identityKeys, backupKey, thisSessionVerified, activeVersion, dehydratedDevice] = await Promise.all([
    identityKeysHere(access),
    backupKeyHere(access),
    isThisSessionVerified(access),
    connectedVersion(access),
    readDehydratedDevice(server, accountData),
  ]);
  const defaultKey = defaultKeyIn(accountData);
  const keyId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const turnedOff = isTurnedOff(accountData);
  const isElsewhere = elsewhereAsRead(identity, backup, backupKey);
  const unneeded = unneededKeys(accountData, keyId, storage.opened, isElsewhere);
  return {
    identity,
    defaultKey,
    description: keyId === null ? null : descriptionIn(accountData, keyId),
    stored: storedSecretsIn(accountData),
    backup,
    backupProblem: problem,
    identityKeys,
    backupKey,
    thisSessionVerified,
    activeVersion,
    backupSigned: backup !== null && (await isSignedByTrusted(access, backup)),
    // Where there is no default key, a key is known to be unneeded only when key storage is turned off.
    unneededKeys: defaultKey.kind === "found" || (defaultKey.kind === "absent" && turnedOff) ? unneeded : [],
    turnedOff,
    changedTo: access.identity.changedTo,
    dehydratedDevice,
  };
}

/**
 * All account data. Those that say how Secure Backup stands are asked for one by one after this session has written any:
 * a sync may not have what it wrote yet.
 */
async function accountDataOnServer(
  { client, server }: EncryptionContext,
  heard: ReadonlyMap<string, unknown> | null,
): Promise<ReadonlyMap<string, unknown>> {
  const reading = heard ?? server.allAccountData();
  if (!hasJustWritten(client)) return await reading;
  const ask = (types: readonly string[]): Promise<[string, unknown][]> =>
    Promise.all(types.map(async (type): Promise<[string, unknown]> => [type, await server.accountData(type)]));
  const [all, written] = await Promise.all([reading, ask([DEFAULT_KEY, ...SecretName.options, WANTED, NOT_WANTED_BEFORE])]);
  const now = new Map([...all, ...written]);
  const defaultKey = defaultKeyIn(now);
  const described = new Set([...all.keys()].filter((type) => type.startsWith(KEY_PREFIX)));
  if (defaultKey.kind === "found") described.add(`${KEY_PREFIX}${defaultKey.keyId}`);
  return new Map([...now, ...(await ask([...described]))]);
}

/** What is known of a Secure Backup beside what was read. */
export interface Known {
  /** A set-up of this app waits to be continued. */
  unfinished?: boolean;
  /** Stored secrets that turned out, when they were last opened, not to be what they should be. */
  misfits?: readonly SecretName[];
  /** Left out where nobody is told of it. */
  keptKey?: KeptKeyState;
  /** The key that opened it here, where that was not the default one. */
  openedByOtherKey?: { name: string | null } | null;
}

/**
 * Says, secret by secret, how Secure Backup stands, without anything that must stay in main.
 *
 * @param known what cannot be read from there
 */
export function describeSecureBackup(parts: SecureBackupReading, known: Known = {}): SecureBackupState {
  const { identity, defaultKey, description, stored, backup, identityKeys, backupKey } = parts;
  const keyId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const here = { ...identityKeys, "m.megolm_backup.v1": backupKey };
  const proven =
    parts.changedTo === null &&
    IDENTITY_SECRETS.every((name) => belongsTo(name, identityKeys[name], identity)) &&
    opensBackup(backupKey, backup);
  const described: Omit<SecureBackupState, "diagnosis"> = {
    checkedAt: Date.now(),
    proven,
    identity: {
      exists: identity.master !== null,
      thisSessionVerified: parts.thisSessionVerified,
      changedTo: parts.changedTo,
    },
    key: description && {
      hasPhrase: description.passphrase !== undefined,
      checkable: description.iv !== undefined && description.mac !== undefined,
    },
    secrets: SecretName.options.map((name) => ({
      name,
      stored: storedAs(stored[name].storedFor(keyId), known.misfits?.includes(name) ?? false),
      here: here[name] !== null && (name === "m.megolm_backup.v1" || parts.changedTo === null),
    })),
    backup: backup && {
      version: backup.version,
      algorithm: backup.algorithm,
      keyCount: backup.keyCount,
      opensHere: opensBackup(backupKey, backup),
      active: parts.activeVersion === backup.version,
      trusted: opensBackup(backupKey, backup),
      signed: parts.backupSigned,
    },
    unneededKeys: parts.unneededKeys.length,
    openedByOtherKey: known.openedByOtherKey ?? null,
    backupProblem: parts.backupProblem,
    turnedOff: parts.turnedOff,
    dehydratedDevice: parts.dehydratedDevice,
    keptKey: known.keptKey ?? { status: "none", place: null },
  };
  return { ...described, diagnosis: diagnose(described, parts, known) };
}

function storedAs(stored: ReturnType<StoredSecret["storedFor"]>, misfit: boolean): SecureBackupState["secrets"][number]["stored"] {
  return stored === "stored" && misfit ? "wrong" : stored;
}

/** Names the first thing that is wrong, in the order of `SecureBackupDiagnosis`. */
function diagnose(
  { key, secrets, backup, identity, proven }: Omit<SecureBackupState, "diagnosis">,
  parts: SecureBackupReading,
  { unfinished }: Known,
): SecureBackupDiagnosis {
  // Without a backup on the server there is nothing that its key could be needed for.
  const mayBeBackup = backup !== null || parts.backupProblem !== null;
  const needed = secrets.filter(({ name }) => name !== "m.megolm_backup.v1" || mayBeBackup);
  const anyStored = (...ways: string[]): boolean => needed.some(({ stored }) => ways.includes(stored));
  if (unfinished) return "unfinished_set_up";
  if (identity.changedTo !== null) return "identity_changed";
  if (parts.turnedOff) return "turned_off";
  if (parts.defaultKey.kind === "absent") return anyStored("other_key_only") ? "default_key_missing" : "not_set_up";
  if (key === null) return "key_description_missing";
  if (anyStored("missing", "other_key_only")) return "secret_not_stored";
  if (anyStored("malformed")) return "secret_unreadable";
  if (anyStored("wrong")) return "stored_secret_wrong";
  if (parts.backupProblem !== null) return "backup_unreadable";
  if (backup === null) return "backup_missing";
  if (backup.algorithm !== BACKUP_ALGORITHM) return "backup_unknown_kind";
  if (parts.backup?.publicKey === null) return "backup_malformed";
  if (!identity.thisSessionVerified) return "session_unverified";
  if (secrets.some(({ here }) => !here)) return "secret_missing_here";
  if (!opensBackup(parts.backupKey, parts.backup)) return "backup_key_differs";
  if (!backup.active) return "backup_not_connected";
  if (!proven) return "session_unverified";
  if (!key.checkable) return "key_not_checkable";
  if (!backup.signed) return "backup_unsigned";
  return parts.unneededKeys.length > 0 ? "old_keys_left" : "working";
}
