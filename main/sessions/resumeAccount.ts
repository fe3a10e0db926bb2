import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import type { AccountEntry, AccountIndex } from "../storage/accountIndex.ts";
import { replaceSession, isBeyondOpening } from "./replaceSession.ts";
import type { MatrixSession } from "./matrixSession.ts";
import { unreadableError } from "./unreadableError.ts";
import type { CryptoFolders } from "./deviceMigration.ts";
import { withTokens } from "./initialSecrets.ts";
import type { SignedIn } from "./signIn.ts";
import { signOutQuietly } from "./signOut.ts";

type SignOutQuietlyParts = Parameters<typeof signOutQuietly>[0];

/** An account that is signed in again, and what its session manager does for it. */
export interface ResumedAccount extends SignOutQuietlyParts {
  secretStore: SecretStore;
  index: AccountIndex;
  folders: CryptoFolders;
  session: () => MatrixSession;
  /** Does the work when nothing else changes the account. */
  inTurn: (work: () => Promise<void>) => Promise<void>;
  /** Whether the account is about to go for good. */
  isLeaving: () => boolean;
  start: () => Promise<void>;
  /** The next session is made from what the index says then. */
  forgetSession: () => void;
}

/**
 * Gives a sign-in to an account that is here: with its own device, so that nothing is lost; where the server has removed
 * the device or gives another, with a new one that takes over the room keys; where the account's secrets are beyond
 * opening, with a new one that has nothing of the old one. The new token is written before it is used.
 *
 * @param signIn is called with the device to ask for, null for a new one
 * @param deviceIsThere as `deviceToResume` has it
 * @throws what `signIn` throws, `different_user` when it was somebody else's, before that why the account's secrets cannot
 *   be read now, and `no_such_account` when the account is signed out meanwhile
 */
export async function resumeAccount(
  account: ResumedAccount,
  entry: AccountEntry,
  signIn: (deviceId: string | null) => Promise<SignedIn>,
  deviceIsThere = false,
): Promise<void> {
  const { lost, ownDevice } = await deviceToResume(account.secretStore, account.session(), deviceIsThere);
  const signedIn = await signIn(ownDevice);
  if (signedIn.userId !== entry.userId) {
    await signOutQuietly(account, signedIn);
    throw fail("different_user", { expected: entry.userId, got: signedIn.userId });
  }
  const keepsDevice = signedIn.deviceId === ownDevice;
  try {
    await account.inTurn(async () => {
      if (account.isLeaving()) throw fail("no_such_account");
      if (lost) await startWithNothing(account, entry, signedIn);
      else if (keepsDevice) await takeToken(account, entry, signedIn);
      else await moveToNewDevice(account, entry, signedIn);
    });
  } catch (thrown) {
    // A device of its own would be gone with the token, and with it what makes it known to others.
    if (!keepsDevice || isFailure(thrown, "no_such_account")) await signOutQuietly(account, signedIn);
    throw thrown;
  }
}

/**
 * The device that an account signs in again with: its own, or null where only a new one will do, because the server has
 * removed it or its secrets are beyond opening (`lost`).
 *
 * @param deviceIsThere the server has been seen to have it still, though it says that the session is over
 * @throws why the account's secrets cannot be read now
 */
export async function deviceToResume(
  secretStore: Pick<SecretStore, "read">,
  session: Pick<MatrixSession, "snapshot" | "details">,
  deviceIsThere = false,
): Promise<{ lost: boolean; ownDevice: string | null }> {
  const { accountId, deviceId } = session.details;
  const read = await secretStore.read(accountId);
  const lost = isBeyondOpening(read);
  if (read.kind === "unreadable" && !lost) throw new AppFailure(unreadableError(read.reason));
  const { error } = session.snapshot;
  const deviceIsGone = error?.kind === "unauthenticated" && !error.softLogout && !deviceIsThere;
  return { lost, ownDevice: read.kind === "found" && !deviceIsGone ? (read.secrets.newDevice ?? deviceId) : null };
}

async function takeToken(account: ResumedAccount, { accountId }: AccountEntry, signedIn: SignedIn): Promise<void> {
  await account.secretStore.update(accountId, (secrets) => withTokens(secrets, signedIn));
  await account.session().stop();
  await account.start();
}

async function startWithNothing(account: ResumedAccount, { accountId }: AccountEntry, signedIn: SignedIn): Promise<void> {
  try {
    await account.session().stop();
    await replaceSession(account, accountId, signedIn);
  } finally {
    // The session of the device before is over.
    account.forgetSession();
    await account.start();
  }
}

/**
 * A removed device cannot come back: its identity keys are gone from the server. Nor can one be kept that an authorization
 * server does not take. Its room keys move to the new one, and what there was stays until they are all there.
 */
async function moveToNewDevice(account: ResumedAccount, { accountId }: AccountEntry, signedIn: SignedIn): Promise<void> {
  try {
    const { deviceId } = signedIn;
    await account.session().prepareDevice(deviceId);
    // From here on the new one counts: the session moves over when it starts, also after a crash.
    await account.secretStore.update(accountId, (secrets) => ({ ...withTokens(secrets, signedIn), newDevice: deviceId }));
  } finally {
    await account.start();
  }
}
