import type { AccountHealth } from "../../shared/contract/accounts.ts";
import { accountDataOf, type EncryptionApi } from "./encryptionApi.ts";
import { defaultKeyIn, StoredSecret } from "./secretStorage.ts";

/** The secret that opens a dehydrated device, by its name in secret storage (MSC3814). */
export const DEHYDRATION_SECRET = "org.matrix.msc3814";

/**
 * What the account data say of the secret of a dehydrated device: whether any copy is stored, and whether one opens with
 * the key that secret storage has now. Copies of before stay behind where a client turns secret storage off or resets it,
 * and gives the device up with that.
 */
function secretIn(accountData: ReadonlyMap<string, unknown>): { stored: boolean; inUse: boolean } {
  const secret = new StoredSecret(accountDataOf(accountData, DEHYDRATION_SECRET));
  const defaultKey = defaultKeyIn(accountData);
  const inUse = defaultKey.kind === "found" && secret.hasCopies([defaultKey.keyId]);
  return { stored: inUse || secret.storedFor(null) === "other_key_only", inUse };
}

/**
 * How an account's dehydrated device stands (MSC3814): the one that takes room keys in while nobody is signed in. Synapse
 * before 1.156 loses it whenever an OAuth server tells it which sessions there are, so with each of its sign-ins and
 * resets; the secret that another client stored for it stays, and tells: one that was given up on purpose is not lost. The server is asked only where there is that.
 *
 * @returns "unknown" where the server gave no answer: nothing else that is read is spoilt by it
 */
export async function readDehydratedDevice(
  server: Pick<EncryptionApi, "hasDehydratedDevice">,
  accountData: ReadonlyMap<string, unknown>,
): Promise<NonNullable<AccountHealth["dehydratedDevice"]>> {
  const { stored, inUse } = secretIn(accountData);
  if (!stored) return "none";
  try {
    if (await server.hasDehydratedDevice()) return "there";
    return inUse ? "lost" : "none";
  } catch {
    return "unknown";
  }
}
