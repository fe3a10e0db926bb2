import type { SecretName, SecureBackupState, SetUpStep } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { AuthDict } from "../account/challenges.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import {
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  isThisSessionVerified,
} from "./identity.ts";
import { backupKeyHere, connectBackup, createBackup, declareBackupWanted, opensBackup } from "./keyBackup.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { isDescribedKey } from "./secretStorage.ts";
import { readSecureBackupState } from "./secureBackupState.ts";

const BACKUP_SECRET: SecretName = "m.megolm_backup.v1";

/** Lets a request be authenticated by the person. */
export type Authenticate = (request: (auth: AuthDict | null) => Promise<void>) => Promise<void>;

/** What the steps of a set-up work with. */
export interface SetUpWork {
  access: EncryptionAccess;
  pending: PendingSetUp;
  authenticate: Authenticate;
}

/**
 * The steps of a set-up in their order. Each looks at what is there and does what is missing, so every one can be done
 * again at any time, whatever cut it off before.
 *
 * The order is such that nothing which other clients look for exists before what it needs: the identity before the
 * secrets that open it, all secrets before the default key that points at them, the stored backup key before the backup.
 */
export const SET_UP_STEPS: readonly { step: SetUpStep; run: (work: SetUpWork) => Promise<void> }[] = [
  { step: "identity", run: ensureIdentity },
  { step: "secret_storage", run: ensureSecretStorage },
  { step: "key_backup", run: ensureKeyBackup },
  { step: "check", run: check },
];

/**
 * Refuses when this account must not be set up from here. Throws `secure_backup_exists` when there is a default key that
 * is not `ownKeyId`, and `session_not_verified` when there is an identity whose private keys this session lacks: an
 * identity is never replaced along the way.
 */
export async function refuseWhatExists({ machine, server, storage }: EncryptionAccess, ownKeyId: string | null) {
  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind === "found" && defaultKey.keyId !== ownKeyId && (await storage.describe(defaultKey.keyId))) {
    throw fail("secure_backup_exists");
  }
  return await server.queryOwnKeys(machine);
}

/** As `refuseWhatExists`, for an account in which nothing has been begun. */
export async function refuseToBegin(access: EncryptionAccess): Promise<void> {
  const identity = await refuseWhatExists(access, null);
  if (identity.master !== null && !ownsIdentity(await identityKeysHere(access), identity)) {
    throw fail("session_not_verified");
  }
}

function ownsIdentity(keys: IdentityPrivateKeys, identity: Awaited<ReturnType<typeof refuseWhatExists>>): boolean {
  if (!belongsTo("m.cross_signing.master", keys["m.cross_signing.master"], identity)) return false;
  // An upload that was cut may have left the master key alone on a server; the others then follow.
  return IDENTITY_SECRETS.every(
    (name) => keys[name] !== null && (isMissing(name, identity) || belongsTo(name, keys[name], identity)),
  );
}

function isMissing(
  name: (typeof IDENTITY_SECRETS)[number],
  { selfSigning, userSigning }: { selfSigning: string | null; userSigning: string | null },
): boolean {
  return (
    (name === "m.cross_signing.self_signing" && selfSigning === null) ||
    (name === "m.cross_signing.user_signing" && userSigning === null)
  );
}

async function ensureIdentity({ access, pending, authenticate }: SetUpWork): Promise<void> {
  const { machine, server } = access;
  const identity = await refuseWhatExists(access, pending.keyId);
  const keys = await identityKeysHere(access);
  if (identity.master !== null && !ownsIdentity(keys, identity)) throw fail("session_not_verified");
  const uploaded = IDENTITY_SECRETS.every((name) => belongsTo(name, keys[name], identity));
  if (uploaded && (await isThisSessionVerified(access))) return;

  // With all keys here the machine makes requests for those; it draws new ones only where none can be lost.
  const hasAll = IDENTITY_SECRETS.every((name) => keys[name] !== null);
  const requests = await machine.bootstrapCrossSigning(!hasAll);
  const deviceKeys = requests.uploadKeysRequest as { id: string; type: number; body: string } | undefined;
  if (deviceKeys) await server.sendForMachine(machine, "/keys/upload", deviceKeys);
  if (!uploaded) {
    const { body } = requests.uploadSigningKeysRequest;
    await authenticate((auth) => server.uploadSigningKeys(body, auth));
  }
  await server.sendForMachine(machine, "/keys/signatures/upload", requests.uploadSignaturesRequest);
  await server.queryOwnKeys(machine);
  if (!(await isThisSessionVerified(access))) throw fail("secure_backup_check_failed", { failed: ["identity"] });
}

/** The private key of the backup there shall be: of the one in use when this session can open it, else the drawn one. */
async function chooseBackupKey(
  access: EncryptionAccess,
  pending: PendingSetUp,
): Promise<{ privateKey: string; version: string | null }> {
  const backup = await access.server.backup();
  for (const privateKey of [pending.backupKey, await backupKeyHere(access)]) {
    if (privateKey !== null && opensBackup(privateKey, backup)) return { privateKey, version: backup!.version };
  }
  return { privateKey: pending.backupKey, version: null };
}

async function ensureSecretStorage({ access, pending }: SetUpWork): Promise<void> {
  const { storage } = access;
  const { keyId, description } = pending;
  const key = Buffer.from(pending.key, "base64");
  const existing = await storage.describe(keyId);
  if (!existing || (await isDescribedKey(key, existing)) !== true) await storage.writeDescription(keyId, description);

  const identityKeys = await identityKeysHere(access);
  for (const name of IDENTITY_SECRETS) {
    const value = identityKeys[name];
    if (value === null) throw fail("session_not_verified");
    await storage.ensure(name, keyId, key, value);
  }
  const { privateKey } = await chooseBackupKey(access, pending);
  await storage.ensure(BACKUP_SECRET, keyId, key, privateKey);

  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind === "found" && defaultKey.keyId === keyId) return;
  await refuseWhatExists(access, keyId);
  await storage.setDefaultKey(keyId);
}

async function ensureKeyBackup({ access, pending }: SetUpWork): Promise<void> {
  const { privateKey, version } = await chooseBackupKey(access, pending);
  await connectBackup(access, privateKey, version ?? (await createBackup(access, privateKey)));
  await declareBackupWanted(access);
}

/** Reads everything back. Throws `secure_backup_check_failed` and names what does not fit. */
async function check({ access, pending }: SetUpWork): Promise<void> {
  const { server, machine, storage } = access;
  const state = await readSecureBackupState(access, false);
  const key = Buffer.from(pending.key, "base64");
  const failed: string[] = [];
  const expect = (what: string, holds: boolean): void => {
    if (!holds) failed.push(what);
  };
  const defaultKey = await storage.defaultKey();
  expect("default_key", defaultKey.kind === "found" && defaultKey.keyId === pending.keyId);
  const description = await storage.describe(pending.keyId);
  expect("key_description", description !== null && (await isDescribedKey(key, description)) === true);
  const identity = await server.queryOwnKeys(machine);
  for (const name of IDENTITY_SECRETS) {
    expect(name, belongsTo(name, await storage.open(name, pending.keyId, key), identity));
  }
  expect(BACKUP_SECRET, opensBackup(await storage.open(BACKUP_SECRET, pending.keyId, key), await server.backup()));
  expectAll(state, expect);
  if (failed.length > 0) throw fail("secure_backup_check_failed", { failed });
}

function expectAll(state: SecureBackupState, expect: (what: string, holds: boolean) => void): void {
  expect("this_session", state.identity.thisSessionVerified);
  expect("private_keys", state.proven);
  expect("key_backup", state.backup?.active === true && state.backup.trusted);
}
