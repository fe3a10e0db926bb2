import { randomBytes, randomInt } from "node:crypto";
import type { Account, AccountHealth } from "../../shared/contract/accounts.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AccountEntry, AccountIndex } from "../storage/accountIndex.ts";
import { describeAccount } from "./accountDescription.ts";
import { MatrixSession, type SessionParts, type SessionSnapshot } from "./matrixSession.ts";
import { type PasswordSignIn, type SignedIn, signInWithPassword, signOutToken } from "./signIn.ts";

export interface SessionManagerParts extends Omit<SessionParts, "onNewDevice"> {
  index: AccountIndex;
  emit: Emit;
  /** How new sessions are named in other clients' lists. */
  sessionName: string;
  /** Whether the secrets of accounts added now stay in memory alone. */
  keepsThisTimeOnly: () => boolean;
  /** Called when an account is gone for good, to remove what other rooms keep of it. */
  onRemoved: (accountId: AccountId) => Promise<void>;
}

/** What a person typed to sign in, without what the manager adds itself. */
export type SignInRequest = Omit<PasswordSignIn, "fetch" | "sessionName" | "deviceId">;

const ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const STORAGE_KEY_BYTES = 32;

function newAccountId(): AccountId {
  return Array.from({ length: 16 }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("") as AccountId;
}

const newStorageKey = (): string => randomBytes(STORAGE_KEY_BYTES).toString("base64");

/** Holds all accounts at once. What happens to one of them never delays or harms another. */
export class SessionManager {
  readonly #parts: SessionManagerParts;
  readonly #sessions = new Map<AccountId, MatrixSession>();
  readonly #runningListeners = new Set<(accountId: AccountId) => void>();
  /** Users whose sign-in is being completed, so that a double click cannot add one twice. */
  readonly #beingAdded = new Set<string>();
  #ended = false;
  #lastUpdate: Promise<unknown> = Promise.resolve();

  constructor(parts: SessionManagerParts) {
    this.#parts = parts;
  }

  /** Calls back each time an account's session begins to run. */
  onRunning(listener: (accountId: AccountId) => void): void {
    this.#runningListeners.add(listener);
  }

  /** All accounts in the person's order, as far as this computer knows them. */
  list(): Account[] {
    return this.#parts.index.list().map((entry) => this.#describe(entry));
  }

  /** Throws `no_such_account`. */
  account(accountId: AccountId): Account {
    return this.#describe(this.#entry(accountId));
  }

  /** The `mxc:` URL of the picture this computer keeps of an account, or null. */
  avatarMxc(accountId: AccountId): string | null {
    return this.#entry(accountId).avatar?.mxc ?? null;
  }

  /** The session of an account, whatever its state. Throws `no_such_account`. */
  session(accountId: AccountId): MatrixSession {
    const known = this.#sessions.get(accountId);
    if (known) return known;
    const entry = this.#entry(accountId);
    const session = new MatrixSession(
      {
        accountId,
        userId: entry.userId,
        deviceId: entry.deviceId,
        baseUrl: entry.homeserver.baseUrl,
        hasRun: entry.hasRun,
      },
      { ...this.#parts, onNewDevice: (deviceId) => this.#rememberDevice(accountId, deviceId) },
      (snapshot) => this.#changed(accountId, snapshot),
    );
    this.#sessions.set(accountId, session);
    return session;
  }

  /** Forgets accounts that were kept for the last time only. Called once, before any session is started. */
  async forgetThisTimeOnly(): Promise<void> {
    for (const { accountId, thisTimeOnly } of this.#parts.index.list()) {
      if (!thisTimeOnly) continue;
      await this.#parts.index.remove(accountId);
      await this.#parts.onRemoved(accountId);
    }
  }

  /** Starts every account side by side; resolves when each runs or has said why it does not. */
  async restoreAll(): Promise<void> {
    await Promise.allSettled(this.#parts.index.list().map((entry) => this.session(entry.accountId).start()));
  }

  /**
   * Resolves when no session on this server is starting any more: what else its accounts are asked about would only hold
   * those up. Never rejects.
   */
  async started(baseUrl: string): Promise<void> {
    const onServer = [...this.#sessions.values()].filter(({ details }) => details.baseUrl === baseUrl);
    await Promise.all(onServer.map((session) => session.whenStarted()));
  }

  /** Starts again those whose secrets could not be read, once they can. */
  async startLocked(): Promise<void> {
    const locked = [...this.#sessions.values()].filter((session) => session.snapshot.status === "locked");
    await Promise.allSettled(locked.map((session) => session.start()));
  }

  /** Stops every session for good; all that is kept is on disk when this resolves. */
  async stopAll(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.stop()));
    await this.#lastUpdate;
  }

  /**
   * Signs in and adds the account. Resolves when its session has started or said why it did not: the account is added in
   * either case. Throws as `signInWithPassword` does, and `already_signed_in`.
   */
  async signIn(request: SignInRequest): Promise<AccountId> {
    this.#refuseWhenHeld(request);
    const { fetch, sessionName } = this.#parts;
    const signedIn = await signInWithPassword({ ...request, fetch, sessionName });
    if (this.#beingAdded.has(signedIn.userId)) {
      await this.#signOutQuietly(signedIn);
      throw fail("conversation_over");
    }
    this.#beingAdded.add(signedIn.userId);
    try {
      return await this.#add(signedIn);
    } catch (thrown) {
      await this.#signOutQuietly(signedIn);
      throw thrown;
    } finally {
      this.#beingAdded.delete(signedIn.userId);
    }
  }

  async #add(signedIn: SignedIn): Promise<AccountId> {
    const held = this.#parts.index.list().find((entry) => entry.userId === signedIn.userId);
    if (held) throw fail("already_signed_in", { accountId: held.accountId, userId: held.userId });
    const accountId = newAccountId();
    await this.#parts.secretStore.write(accountId, {
      accessToken: signedIn.accessToken,
      refreshToken: null,
      storageKey: newStorageKey(),
      pendingSetUp: null,
      keptSecurityKey: null,
      newDevice: null,
    });
    const serverName = signedIn.userId.slice(signedIn.userId.indexOf(":") + 1);
    const entry: AccountEntry = {
      accountId,
      userId: signedIn.userId,
      deviceId: signedIn.deviceId,
      homeserver: { serverName, baseUrl: signedIn.baseUrl },
      displayName: null,
      avatar: null,
      health: null,
      hasRun: false,
      thisTimeOnly: this.#parts.keepsThisTimeOnly(),
      createdAt: Date.now(),
    };
    try {
      await this.#parts.index.add(entry);
    } catch (thrown) {
      await this.#parts.secretStore.remove(accountId);
      throw thrown;
    }
    this.#announce(accountId);
    await this.session(accountId).start();
    return accountId;
  }

  /** Refuses before a password is sent, when the typed name is enough to know the account is here already. */
  #refuseWhenHeld({ identifier, serverName, baseUrl }: SignInRequest): void {
    if (identifier.kind !== "user") return;
    const { user } = identifier;
    const held = this.#parts.index
      .list()
      .find((entry) =>
        user.startsWith("@")
          ? entry.userId === user
          : entry.userId === `@${user.toLowerCase()}:${serverName}` ||
            (entry.homeserver.baseUrl === baseUrl && entry.userId.startsWith(`@${user.toLowerCase()}:`)),
      );
    if (held) throw fail("already_signed_in", { accountId: held.accountId, userId: held.userId });
  }

  async #signOutQuietly(signedIn: SignedIn): Promise<void> {
    try {
      await signOutToken(this.#parts.fetch, signedIn.baseUrl, signedIn.accessToken);
    } catch (error) {
      this.#parts.logger.warn("a session that could not be kept was not signed out either", { error });
    }
  }

  /**
   * Signs a logged-out account in again with its own device, so that nothing is lost; where the server has removed the
   * device, with a new one that takes over the room keys. The new token is written before it is used.
   *
   * Throws as `signInWithPassword` does, and `different_user` when the password was somebody else's.
   */
  async signInAgain(accountId: AccountId, password: string): Promise<void> {
    const entry = this.#entry(accountId);
    const { fetch, sessionName, secretStore } = this.#parts;
    const { error } = this.session(accountId).snapshot;
    const deviceIsGone = error?.kind === "unauthenticated" && !error.softLogout;
    const signedIn = await signInWithPassword({
      fetch,
      sessionName,
      serverName: entry.homeserver.serverName,
      baseUrl: entry.homeserver.baseUrl,
      identifier: { kind: "user", user: entry.userId },
      password,
      // The warning was accepted when the account was added at this very URL.
      acceptInsecureHttp: true,
      ...(deviceIsGone ? {} : { deviceId: entry.deviceId }),
    });
    if (signedIn.userId !== entry.userId) {
      await this.#signOutQuietly(signedIn);
      throw fail("different_user", { expected: entry.userId, got: signedIn.userId });
    }
    if (deviceIsGone) {
      try {
        await this.#moveToNewDevice(accountId, signedIn);
      } catch (thrown) {
        await this.#signOutQuietly(signedIn);
        throw thrown;
      }
      return;
    }
    await secretStore.update(accountId, (secrets) => ({ ...secrets, accessToken: signedIn.accessToken }));
    const session = this.session(accountId);
    await session.stop();
    await session.start();
  }

  /**
   * A removed device cannot come back: its identity keys are gone from the server. Its room keys move to the new one,
   * and what there was stays until they are all there.
   */
  async #moveToNewDevice(accountId: AccountId, { deviceId, accessToken }: SignedIn): Promise<void> {
    const session = this.session(accountId);
    const storageKey = newStorageKey();
    try {
      await session.prepareDevice({ deviceId, accessToken, storageKey });
      // From here on the new one counts: the session moves over when it starts, also after a crash.
      await this.#parts.secretStore.update(accountId, (secrets) => ({
        ...secrets,
        accessToken,
        storageKey,
        newDevice: deviceId,
      }));
    } finally {
      await session.start();
    }
  }

  async #rememberDevice(accountId: AccountId, deviceId: string): Promise<void> {
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, deviceId, hasRun: true }));
  }

  /** Starts again what stopped or failed; resolves when it runs or has said why not. */
  async retry(accountId: AccountId): Promise<void> {
    const session = this.session(accountId);
    if (session.snapshot.status === "running") return;
    await session.stop();
    await session.start();
  }

  /**
   * Stops the session, tells the server, and removes everything local. Answers whether the server could be told. What
   * is on this computer is removed in any case, secrets before the entry, so that a crash leaves no secret without one.
   */
  async signOut(accountId: AccountId): Promise<{ serverTold: boolean }> {
    const entry = this.#entry(accountId);
    const session = this.session(accountId);
    await session.stop();
    const read = await this.#parts.secretStore.read(accountId);
    let serverTold = false;
    if (read.kind === "found") {
      try {
        await signOutToken(this.#parts.fetch, entry.homeserver.baseUrl, read.secrets.accessToken);
        serverTold = true;
      } catch (thrown) {
        // A token that the server no longer knows is signed out already.
        serverTold = thrown instanceof AppFailure && thrown.error.kind === "unauthenticated";
        if (!serverTold) this.#parts.logger.warn("the server could not be told of a sign-out", { error: thrown });
      }
    }
    await session.destroy();
    await this.#parts.secretStore.remove(accountId);
    this.#sessions.delete(accountId);
    await this.#parts.index.remove(accountId);
    await this.#parts.onRemoved(accountId);
    this.#parts.emit("accounts.removed", { accountId });
    return { serverTold };
  }

  /** Puts the accounts in this order; those not named follow in the order they had. */
  async reorder(accountIds: AccountId[]): Promise<void> {
    await this.#parts.index.reorder(accountIds);
    this.#parts.emit("accounts.reordered", { accountIds: this.#parts.index.list().map((entry) => entry.accountId) });
  }

  /** Remembers what was found out about an account and tells the renderer. */
  async update(
    accountId: AccountId,
    change: Partial<Pick<AccountEntry, "displayName" | "avatar">> & { health?: AccountHealth },
  ): Promise<void> {
    if (this.#ended || !this.#parts.index.list().some((entry) => entry.accountId === accountId)) return;
    const update = this.#parts.index.update(accountId, (entry) => ({ ...entry, ...change }));
    this.#lastUpdate = Promise.allSettled([this.#lastUpdate, update]);
    await update;
    this.#announce(accountId);
  }

  #changed(accountId: AccountId, snapshot: SessionSnapshot): void {
    this.#announce(accountId);
    if (snapshot.status === "running" && !snapshot.offline) {
      this.#rememberThatItRan(accountId);
      for (const listener of this.#runningListeners) listener(accountId);
    }
  }

  #rememberThatItRan(accountId: AccountId): void {
    if (this.#parts.index.get(accountId)?.hasRun !== false) return;
    const update = this.#parts.index.update(accountId, (entry) => ({ ...entry, hasRun: true }));
    update.catch((error: unknown) => this.#parts.logger.warn("an account could not be marked", { accountId, error }));
    this.#lastUpdate = Promise.allSettled([this.#lastUpdate, update]);
  }

  #announce(accountId: AccountId): void {
    const entry = this.#parts.index.list().find((candidate) => candidate.accountId === accountId);
    if (entry) this.#parts.emit("accounts.changed", this.#describe(entry));
  }

  #entry(accountId: AccountId): AccountEntry {
    const entry = this.#parts.index.list().find((candidate) => candidate.accountId === accountId);
    if (!entry) throw fail("no_such_account");
    return entry;
  }

  #describe(entry: AccountEntry): Account {
    return describeAccount(entry, this.#sessions.get(entry.accountId)?.snapshot);
  }
}
