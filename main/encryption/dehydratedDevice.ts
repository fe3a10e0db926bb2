import type { AccountHealth } from "../../shared/contract/accounts.ts";
import type { EncryptionApi } from "./encryptionApi.ts";

/** The secret that opens a dehydrated device, by its name in secret storage (MSC3814). */
export const DEHYDRATION_SECRET = "org.matrix.msc3814";

/** Whether the account data say that a client has set up a dehydrated device: then its secret is stored. */
function wasSetUp(accountData: ReadonlyMap<string, unknown>): boolean {
  const content = accountData.get(DEHYDRATION_SECRET);
  return typeof content === "object" && content !== null && "encrypted" in content;
}

/**
 * How an account's dehydrated device stands (MSC3814): the one that takes room keys in while nobody is signed in. Synapse
 * before 1.156 loses it whenever an OAuth server tells it which sessions there are, so with each of its sign-ins and
 * resets; the secret that another client stored for it stays, and tells. The server is asked only where there is that.
 *
 * @returns "unknown" where the server gave no answer: nothing else that is read is spoilt by it
 */
export async function readDehydratedDevice(
  server: Pick<EncryptionApi, "hasDehydratedDevice">,
  accountData: ReadonlyMap<string, unknown>,
): Promise<NonNullable<AccountHealth["dehydratedDevice"]>> {
  if (!wasSetUp(accountData)) return "none";
  try {
    return (await server.hasDehydratedDevice()) ? "there" : "lost";
  } catch {
    return "unknown";
  }
}
