import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import { initialSecrets } from "./initialSecrets.ts";
import type { PasswordSignIn, SignedIn } from "./signIn.ts";
import { removeLocally, type SignOutParts } from "./signOut.ts";

/** Throws `already_signed_in` where the typed name is enough to know it, before a password is sent. */
export function refuseWhenHeld(
  index: AccountIndex,
  { identifier, serverName, baseUrl }: Pick<PasswordSignIn, "identifier" | "serverName" | "baseUrl">,
): void {
  if (identifier.kind !== "user") return;
  const { user } = identifier;
  const held = index
    .list()
    .find((entry) =>
      user.startsWith("@")
        ? entry.userId === user
        : entry.userId === `@${user.toLowerCase()}:${serverName}` ||
          (entry.homeserver.baseUrl === baseUrl && entry.userId.startsWith(`@${user.toLowerCase()}:`)),
    );
  if (held) throw fail("already_signed_in", { accountId: held.accountId, userId: held.userId });
}

/**
 * Keeps an account that has just been signed in. The entry comes first: wherever this is cut short, the account is
 * listed, and can sign in again or be signed out. Where it fails, nothing of it stays here.
 *
 * @param accountId a new one
 * @throws as `SecretStore.write` does, and `file_failed`
 */
export async function addAccount(
  parts: Omit<SignOutParts, "fetch" | "keepForLater">,
  accountId: AccountId,
  signedIn: SignedIn,
): Promise<void> {
  const { index, secretStore, logger } = parts;
  const { userId, deviceId, baseUrl } = signedIn;
  await index.add({
    accountId,
    userId,
    deviceId,
    homeserver: { serverName: userId.slice(userId.indexOf(":") + 1), baseUrl },
    displayName: null,
    avatar: null,
    health: null,
    hasRun: false,
    thisTimeOnly: false,
    createdAt: Date.now(),
  });
  try {
    // Only the store knows where they really went: what protects secrets may change at any time.
    const place = await secretStore.write(accountId, initialSecrets(signedIn));
    if (place === "memory") await index.update(accountId, (entry) => ({ ...entry, thisTimeOnly: true }));
  } catch (thrown) {
    await removeLocally(parts, accountId).catch((error: unknown) => {
      logger.warn("an account that could not be added is still listed", { accountId, error });
    });
    throw thrown;
  }
}
