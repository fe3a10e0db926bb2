import type { SecretName } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import { type PrivateKey, Secret } from "../../shared/secret.ts";
import { isVerifiedByOwnIdentity } from "../sdk/pinnedIdentity.ts";
import type { ServerIdentity } from "./encryptionApi.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { samePublicKey, signingPublicKey } from "../roomKeys/keyPairs.ts";

/** The secrets that make up an identity: its three private keys. */
export const IDENTITY_SECRETS = [
  "m.cross_signing.master",
  "m.cross_signing.self_signing",
  "m.cross_signing.user_signing",
] as const satisfies readonly SecretName[];
export type IdentitySecret = (typeof IDENTITY_SECRETS)[number];

/** Private keys of an identity; null where there is none. */
export type IdentityPrivateKeys = Record<IdentitySecret, PrivateKey | null>;

/** The public key on the server that belongs to a secret. */
export function publicKeyFor(secret: IdentitySecret, identity: ServerIdentity): string | null {
  if (secret === "m.cross_signing.master") return identity.master;
  return secret === "m.cross_signing.self_signing" ? identity.selfSigning : identity.userSigning;
}

/** Whether a private key belongs to the identity on the server. */
export function belongsTo(secret: IdentitySecret, privateKey: PrivateKey | null, identity: ServerIdentity): boolean {
  return privateKey !== null && samePublicKey(signingPublicKey(privateKey), publicKeyFor(secret, identity));
}

const privateKeyOf = (exported: string | undefined): PrivateKey | null =>
  exported === undefined ? null : new Secret("private key", exported);

/** The private keys in this session's crypto store. */
export async function identityKeysHere({ machine }: EncryptionContext): Promise<IdentityPrivateKeys> {
  const exported = await machine.exportCrossSigningKeys();
  const keys = {
    "m.cross_signing.master": privateKeyOf(exported?.masterKey),
    "m.cross_signing.self_signing": privateKeyOf(exported?.self_signing_key),
    "m.cross_signing.user_signing": privateKeyOf(exported?.userSigningKey),
  };
  exported?.free();
  return keys;
}

/**
 * Gives this session private keys that belong to the identity on the server, and verifies the session with them when
 * they are complete. Does nothing that is done already. The identity must have been queried just before.
 */
export async function adoptIdentity(access: EncryptionContext, keys: IdentityPrivateKeys, identity: ServerIdentity): Promise<void> {
  const { machine, server } = access;
  const here = await identityKeysHere(access);
  if (IDENTITY_SECRETS.some((name) => !(keys[name]?.equals(here[name]) ?? here[name] === null))) {
    const status = await machine.importCrossSigningKeys(
      keys["m.cross_signing.master"]?.reveal() ?? null,
      keys["m.cross_signing.self_signing"]?.reveal() ?? null,
      keys["m.cross_signing.user_signing"]?.reveal() ?? null,
    );
    status.free();
  }
  const complete = IDENTITY_SECRETS.every((name) => belongsTo(name, keys[name], identity));
  if (!complete || (await isThisSessionVerified(access))) return;
  const requests = await machine.bootstrapCrossSigning(false);
  await server.sendForMachine(machine, "/keys/signatures/upload", requests.uploadSignaturesRequest);
  await server.queryOwnKeys(machine);
}

/** Whether the account's own identity has signed this session, as `isVerifiedByOwnIdentity` says. */
export function isThisSessionVerified({ client }: EncryptionContext): Promise<boolean> {
  return isVerifiedByOwnIdentity(client);
}

/**
 * Refuses to go on with an identity that the person has not said is theirs: throws `identity_changed` when the last key
 * query brought one.
 */
export function refuseChangedIdentity({ identity }: EncryptionContext): void {
  if (identity.changedTo !== null) throw fail("identity_changed");
}
