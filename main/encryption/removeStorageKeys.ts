import * as z from "zod";
import { SecretName } from "../../shared/contract/secureBackup.ts";
import type { PrivateKey, SecurityKeyBytes } from "../../shared/secret.ts";
import type { ServerBackup, ServerIdentity } from "./encryptionApi.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { IDENTITY_SECRETS, identityKeysHere, publicKeyFor } from "./crossSigning.ts";
import { allBackups, backupKeyHere, MAX_OLDER_BACKUPS } from "./keyBackup.ts";
import { type OpenedCopies, publicKeyOfSecret } from "./openedSecretCopies.ts";
import { samePublicKey } from "../roomKeys/keyPairs.ts";
import { StoredSecret } from "./secretStorage.ts";

export const KEY_PREFIX = "m.secret_storage.key.";

const WithCopies = z.object({ encrypted: z.record(z.string(), z.unknown()) });

/** Keys of secret storage other than one. */
export interface OtherKeys {
  /** Ids of all of them. */
  all: string[];
  /** Those that copies of one of the four secrets are encrypted with. */
  withCopies: string[];
  /** Those that account data of another kind are encrypted with, among them what was put aside. */
  neededElsewhere: string[];
}

/** Finds the keys of secret storage, all but `keyId` when there is one: those that are described, and those that copies are locked with. */
export function otherKeys(accountData: ReadonlyMap<string, unknown>, keyId: string | null): OtherKeys {
  const [all, withCopies, neededElsewhere] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const [type, content] of accountData) {
    if (type.startsWith(KEY_PREFIX) && Object.keys(content ?? {}).length > 0) all.add(type.slice(KEY_PREFIX.length));
    const ids = Object.keys(WithCopies.safeParse(content).data?.encrypted ?? {});
    const ours = SecretName.safeParse(type).success;
    for (const id of ids) (ours ? withCopies : neededElsewhere).add(id);
    if (ours) for (const id of ids) all.add(id);
  }
  const others = (ids: Set<string>): string[] => [...ids].filter((id) => id !== keyId);
  return { all: others(all), withCopies: others(withCopies), neededElsewhere: others(neededElsewhere) };
}

/** Says whether what a copy holds, by its public key, is in something that stays, or opens nothing any more. */
export type IsElsewhere = (name: SecretName, publicKey: string) => boolean;

/**
 * The keys that can go without a question: nothing is encrypted with them, or only copies of the four secrets which were
 * all decrypted here and hold what is elsewhere.
 */
export function unneededKeys(
  accountData: ReadonlyMap<string, unknown>,
  keyId: string | null,
  opened: OpenedCopies,
  isElsewhere: IsElsewhere,
): string[] {
  const { all, neededElsewhere } = otherKeys(accountData, keyId);
  const stored = SecretName.options.map((name) => [name, new StoredSecret(accountData.get(name))] as const);
  return all.filter((id) => {
    if (neededElsewhere.includes(id)) return false;
    return stored.every(([name, secret]) => {
      if (!secret.hasCopies([id])) return true;
      const copy = secret.copyFor(id);
      const publicKey = copy && opened.publicKeyOf(name, copy);
      return publicKey !== null && isElsewhere(name, publicKey);
    });
  });
}

/** What this session and the server say of secrets, where nothing is decrypted for it. */
export function elsewhereAsRead(identity: ServerIdentity, backup: ServerBackup | null, backupKey: PrivateKey | null): IsElsewhere {
  const backupHere = backupKey && publicKeyOfSecret("m.megolm_backup.v1", backupKey);
  return (name, publicKey) => {
    if (name !== "m.megolm_backup.v1") return samePublicKey(publicKeyFor(name, identity), publicKey);
    return backup === null || samePublicKey(backup.publicKey, publicKey) || samePublicKey(backupHere, publicKey);
  };
}

/** What stays when keys are taken away: private keys by the name of the secret. */
export type Staying = Partial<Record<SecretName, PrivateKey | null>>;

/** The secrets that are stored with one key. */
export async function storedWith({ storage }: EncryptionContext, keyId: string, key: SecurityKeyBytes): Promise<Staying> {
  const secrets = await Promise.all(SecretName.options.map((name) => storage.open(name, keyId, key)));
  return Object.fromEntries(SecretName.options.map((name, index) => [name, secrets[index]]));
}

/** The secrets that this session has. */
export async function heldHere(access: EncryptionContext): Promise<Staying> {
  return { ...(await identityKeysHere(access)), "m.megolm_backup.v1": await backupKeyHere(access) };
}

/** Which keys are to be taken away, and what is known about what they hold. */
export interface Removal {
  /** The key that stays whatever else is said; null for none. */
  keep: string | null;
  which: readonly string[] | "all others";
  /** Keys in hand, tried on copies that were never decrypted here. */
  keys: readonly SecurityKeyBytes[];
  stays: Staying;
  /** The secrets of which copies may go; all of them where it is left out. */
  secrets?: readonly SecretName[];
  /** The identity that opened copies may be of was replaced because the person said so: it is no loss. */
  identityReplaced?: boolean;
  /** What becomes of copies that cannot be shown to hold what stays: left where they are, or moved out of the way. */
  unproven: "leave" | "put_aside";
}

/**
 * Takes keys of secret storage away: first the copies of the four secrets that are encrypted with them, then their
 * descriptions. A copy goes only when it was decrypted, now or earlier, and holds what stays or a backup's key that opens
 * no backup any more; the description of a key that anything is still encrypted with stays.
 */
export async function removeKeys(access: EncryptionContext, removal: Removal): Promise<void> {
  const { server, storage } = access;
  const { all, neededElsewhere } = otherKeys(await server.allAccountData(), removal.keep);
  const meant = all.filter((id) => removal.which === "all others" || removal.which.includes(id));
  const needed = new Set(neededElsewhere);
  const isElsewhere = await elsewhereFor(access, removal);
  const { secrets = SecretName.options } = removal;
  for (const name of SecretName.options) {
    const stored = await storage.read(name);
    if (!secrets.includes(name)) {
      for (const id of meant) if (stored.hasCopies([id])) needed.add(id);
      continue;
    }
    const proven: string[] = [];
    const unproven: string[] = [];
    for (const id of meant.filter((one) => stored.hasCopies([one]))) {
      const publicKey = await storage.publicKeyIn(name, stored.copyFor(id), removal.keys);
      (publicKey !== null && isElsewhere(name, publicKey) ? proven : unproven).push(id);
    }
    for (const id of unproven) needed.add(id);
    const aside = removal.unproven === "put_aside" ? unproven : [];
    if (aside.length > 0) await storage.putAside(name, stored.only(aside));
    await storage.removeCopies(name, [...proven, ...aside]);
  }
  for (const id of meant) if (!needed.has(id)) await storage.removeDescription(id);
}

async function elsewhereFor(access: EncryptionContext, { stays, identityReplaced = false }: Removal): Promise<IsElsewhere> {
  const staying = new Map(SecretName.options.map((name) => [name, stays[name] ? publicKeyOfSecret(name, stays[name]) : null]));
  const backups = await everyBackup(access);
  return (name, publicKey) => {
    if (samePublicKey(staying.get(name) ?? null, publicKey)) return true;
    if ((IDENTITY_SECRETS as readonly string[]).includes(name)) return identityReplaced;
    return backups !== null && !backups.some((backup) => samePublicKey(backup.publicKey, publicKey));
  };
}

/** All backups of room keys on the server; null where there may be more of them than can be found, or one of a kind unknown here. */
async function everyBackup({ server }: EncryptionContext): Promise<ServerBackup[] | null> {
  const found = await allBackups(server);
  const newest = found[0]?.version ?? "1";
  const isWhole = /^\d{1,2}$/.test(newest) && Number(newest) <= MAX_OLDER_BACKUPS;
  return isWhole && found.every(({ publicKey }) => publicKey !== null) ? found : null;
}
