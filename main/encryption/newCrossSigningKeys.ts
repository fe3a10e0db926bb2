import { fail } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { adoptIdentity, belongsTo, IDENTITY_SECRETS, isThisSessionVerified } from "./crossSigning.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { samePublicKey, signingPublicKey, signWithSeed } from "../roomKeys/keyPairs.ts";
import type { SetUpContext } from "./setUpContext.ts";

type CrossSigningSeeds = NonNullable<PendingSetUp["identity"]>;

/** A cross-signing key without signatures, in canonical form as it is: its fields are in order. */
function unsignedKey(userId: string, usage: string, seed: PrivateKey): { id: string; json: string } {
  const publicKey = signingPublicKey(seed);
  if (publicKey === null) throw new Error("A cross-signing key's seed is not one");
  const id = `ed25519:${publicKey}`;
  return { id, json: JSON.stringify({ keys: { [id]: publicKey }, usage: [usage], user_id: userId }) };
}

/**
 * The body that uploads an identity made of these seeds (Client-Server API, "Cross-signing"), without authentication.
 * The master key signs the other two.
 */
export function signingKeysUpload(userId: string, keys: CrossSigningSeeds): string {
  const masterSeed = keys["m.cross_signing.master"];
  const master = unsignedKey(userId, "master", masterSeed);
  const signed = (usage: string, seed: PrivateKey): object => {
    const { json } = unsignedKey(userId, usage, seed);
    return {
      ...(JSON.parse(json) as object),
      signatures: { [userId]: { [master.id]: signWithSeed(masterSeed, json) } },
    };
  };
  return JSON.stringify({
    master_key: JSON.parse(master.json) as object,
    self_signing_key: signed("self_signing", keys["m.cross_signing.self_signing"]),
    user_signing_key: signed("user_signing", keys["m.cross_signing.user_signing"]),
  });
}

/** Whether this public master key is the one of an identity made of these seeds. */
export function hasMaster(keys: CrossSigningSeeds, master: string | null): boolean {
  return samePublicKey(signingPublicKey(keys["m.cross_signing.master"]), master);
}

/**
 * Replaces the account's identity by the one that was drawn when the person confirmed, and verifies this session with
 * it. Until the server has taken it, nothing changes in this session either: a machine asked to make a new identity
 * forgets the old one at once, also when the person then cancels at the password.
 *
 * Throws `identity_replaced` when the identity is no longer the one that the person agreed to lose.
 */
export async function ensureCrossSigningKeys({ access, pending, authenticate }: SetUpContext): Promise<void> {
  const { machine, server, userId } = access;
  const keys = pending.identity;
  if (!keys) throw new Error("A reset without an identity");
  let identity = await server.queryOwnKeys(machine);
  const uploaded = IDENTITY_SECRETS.every((name) => belongsTo(name, keys[name], identity));
  if (!uploaded) {
    const { master } = identity;
    const agreedTo = pending.replaces?.master ?? null;
    if (master !== null && !samePublicKey(agreedTo, master) && !hasMaster(keys, master)) throw fail("identity_replaced");
    const body = signingKeysUpload(userId, keys);
    await authenticate((auth) => server.uploadSigningKeys(body, auth));
  }
  // From here on it is the one that counts, and the crypto machine hears of it.
  const pinnedOther = await access.identity.pin(signingPublicKey(keys["m.cross_signing.master"])!);
  if (!uploaded || pinnedOther) identity = await server.queryOwnKeys(machine);
  await adoptIdentity(access, keys, identity);
  if (!(await isThisSessionVerified(access))) throw fail("secure_backup_check_failed", { failed: ["identity"] });
}
