import type { Account, AccountHealth } from "../../shared/contract/accounts.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AccountEntry, AccountIndex } from "../storage/accountIndex.ts";
import { describeAccount } from "./accountDescription.ts";
import { type AccountLock, AccountLocks, type AccountOperation } from "./accountLock.ts";
import { addAccount } from "./addAccount.ts";
import { refuseForeignUser } from "./foreignUser.ts";
import { MatrixSession, type SessionParts, type SessionSnapshot } from "./matrixSession.ts";
import type { CryptoFolders, SetAside } from "./deviceMigration.ts";
import { newId } from "../storage/newId.ts";
import { resumeAccount } from "./resumeAccount.ts";
import type { SignedIn } from "./signIn.ts";
import { type SignedOut, signOut, signOutFromMemory, type SignOutParts, signOutQuietly } from "./signOut.ts";
import { StartQueue } from "./startQueue.ts";

export interface SessionManagerParts
  extends Omit<SessionParts, "onNewDevice" | "onSetAside" | "cryptoFolders">, Pick<SignOutParts, "keepForLater"> {
  index: AccountIndex;
  accountFolders: (accountId: AccountId) => CryptoFolders;
  emit: Emit;
  /** Called when an account goes for good, to remove what other services keep of it and its folder. */
  onRemoved: (accountId: AccountId) => Promise<void>;
}

/** Holds all accounts at once. What happens to one of them never delays or harms another. */
export class SessionManager {
  readonly #parts: SessionManagerParts;
  readonly #sessions = new Map<AccountId, MatrixSession>();
  readonly #runningListeners = new Set<(accountId: AccountId) => void>();
  readonly #tokenGoneListeners = new Set<(accountId: AccountId) => void>();
  readonly #locks = new AccountLocks();
  readonly #starts = new StartQueue();

  constructor(parts: SessionManagerParts) {
    this.#parts = parts;
  }

  /**
   * Calls back each time an account's session begins to run, and each time its server answers again: what could not be
   * found out meanwhile can be then.
   */
  onRunning(listener: (accountId: AccountId) => void): void {
    this.#runningListeners.add(listener);
  }

  /** Calls back when the server has said that it no longer knows an account's token, and none is to be had. */
  onTokenGone(listener: (accountId: AccountId) => void): void {
    this.#tokenGoneListeners.add(listener);
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
      {
        ...this.#parts,
        cryptoFolders: this.#parts.accountFolders,
        onNewDevice: (deviceId) => this.#rememberDevice(accountId, deviceId),
        onSetAside: (setAside) => this.#rememberSetAside(accountId, setAside),
      },
      (snapshot) => this.#changed(accountId, snapshot),
    );
    this.#sessions.set(accountId, session);
    return session;
  }

  /** Forgets accounts that were kept for the last time only. Called once, before any session is started. */
  async forgetThisTimeOnly(): Promise<void> {
    for (const { accountId, thisTimeOnly } of this.#parts.index.list()) {
      if (!thisTimeOnly) continue;
      await this.#parts.onRemoved(accountId);
      await this.#parts.index.remove(accountId);
    }
  }

  /** Starts every account, some at a time; resolves when each runs or has said why it does not. */
  async restoreAll(): Promise<void> {
    const startIfStopped = async (accountId: AccountId): Promise<void> => {
      // It may have been removed, or started by the person, before it was its turn.
      if (this.#parts.index.get(accountId) === null) return;
      await this.#lockOf(accountId).inTurn("start", async () => {
        if (this.#parts.index.get(accountId) === null) return;
        const session = this.session(accountId);
        const { status } = session.snapshot;
        if (status === "stopped" || status === "locked") await this.#start(accountId);
        else await session.whenStarted();
      });
    };
    const accountIds = this.#parts.index.list().map(({ accountId }) => accountId);
    await this.#starts.addAll(accountIds, startIfStopped, (accountId) => this.#announce(accountId));
  }

  /** The person waits for this account: it starts before others. Resolves when it is not starting; never rejects. */
  async opened(accountId: AccountId): Promise<void> {
    this.#starts.goFirst(accountId);
    await this.#starts.settled([{ accountId }]);
    await this.#sessions.get(accountId)?.whenStarted();
  }

  /**
   * Resolves when no session on this server is starting any more: what else its accounts are asked about would only hold
   * those up. Never rejects.
   */
  async started(baseUrl: string): Promise<void> {
    const listed = this.#parts.index.list().filter(({ homeserver }) => homeserver.baseUrl === baseUrl);
    await this.#starts.settled(listed);
    const onServer = [...this.#sessions.values()].filter(({ details }) => details.baseUrl === baseUrl);
    await Promise.all(onServer.map((session) => session.whenStarted()));
  }

  /** Starts again those whose secrets could not be read, once they can. */
  async startLocked(): Promise<void> {
    const locked = [...this.#sessions.values()].filter((session) => session.snapshot.status === "locked");
    const startInTurn = ({ details }: MatrixSession): Promise<void> =>
      this.#locks.of(details.userId).inTurn("start", async () => {
        if (this.session(details.accountId).snapshot.status === "locked") await this.#start(details.accountId);
      });
    await Promise.allSettled(locked.map(startInTurn));
  }

  /**
   * Stops every session for good; all that is kept is on disk when this resolves. Those that end with the app are signed
   * out on their servers, unless one takes longer than two seconds.
   */
  async stopAll(): Promise<void> {
    const busy = this.#locks.end();
    if (busy.length > 0) this.#parts.logger.info("the app ends while accounts are being changed", { operations: busy });
    const stopping = [...this.#sessions.values()].map(async (session) => {
      await session.stop();
      await signOutFromMemory(this.#parts, session);
    });
    await Promise.allSettled(stopping);
    await this.#parts.index.settled();
  }

  /**
   * Makes an account of a sign-in, whichever way it was. Resolves when its session has started or said why it did
   * not: the account is added in either case. Where it cannot be kept, the server is
   * told that the session is over.
   *
   * @param server the name of the server that was signed in to; null where only its address is known
   * @param accountId the id that was set aside for it before there was a session; a new one unless given
   * @throws `already_signed_in`, `foreign_user`, `conversation_over` while the same one is being added, and as
   *   `SecretStore.write` does
   */
  async adopt(signedIn: SignedIn, server: string | null, accountId = newId<AccountId>()): Promise<AccountId> {
    try {
      // Once: a double click must not add an account twice.
      return await this.#locks.of(signedIn.userId).once("add", async () => {
        await refuseForeignUser(server, signedIn, this.#parts.fetch);
        return this.#add(signedIn, accountId);
      });
    } catch (thrown) {
      await signOutQuietly(this.#parts, signedIn);
      throw thrown;
    }
  }

  async #add(signedIn: SignedIn, accountId: AccountId): Promise<AccountId> {
    const held = this.#parts.index.list().find((entry) => entry.userId === signedIn.userId);
    if (held) throw fail("already_signed_in", { accountId: held.accountId, userId: held.userId });
    await this.#locks.of(signedIn.userId).inTurn("add", async () => {
      try {
        await addAccount(this.#parts, accountId, signedIn);
      } catch (thrown) {
        // It may have been listed meanwhile.
        if (!this.#parts.index.get(accountId)) this.#parts.emit("accounts.removed", { accountId });
        throw thrown;
      }
      this.#announce(accountId);
      await this.#start(accountId);
    });
    return accountId;
  }

  /**
   * Gives a sign-in to a logged-out account that is here, with its own device, so that nothing is lost; where the server has
   * removed the device or gives another, with a new one that takes over the room keys. The new token is written before it is
   * used. An account whose secrets are beyond opening gets a new device that has nothing of the old one.
   *
   * @param signIn is called with the device to ask for, null for a new one
   * @throws what `signIn` throws, `different_user` when it was somebody else's, before it is called why the account's secrets
   *   cannot be read now, `conversation_over` while it is done already, and `no_such_account` when the account is signed out
   *   meanwhile
   */
  async resume(accountId: AccountId, signIn: (deviceId: string | null) => Promise<SignedIn>, deviceIsThere = false): Promise<void> {
    const lock = this.#lockOf(accountId);
    await lock.once("resume", () =>
      resumeAccount(
        {
          ...this.#parts,
          folders: this.#parts.accountFolders(accountId),
          session: () => this.session(accountId),
          inTurn: (work) => this.#inTurn("resume", accountId, work),
          isLeaving: () => lock.isLeaving,
          start: () => this.#start(accountId),
          forgetSession: () => this.#sessions.delete(accountId),
        },
        this.#entry(accountId),
        signIn,
        deviceIsThere,
      ),
    );
  }

  #lockOf(accountId: AccountId): AccountLock {
    return this.#locks.of(this.#entry(accountId).userId);
  }

  /** Does something to an account when what was begun before has ended. A start is cut off: its server may hang. */
  #inTurn(operation: AccountOperation, accountId: AccountId, work: () => Promise<void>): Promise<void> {
    const session = this.session(accountId);
    if (session.snapshot.status === "starting") this.#cutOff(session);
    return this.#lockOf(accountId).inTurn(operation, work);
  }

  /** Stops a session for whoever is to have the next turn, and who stops it too. */
  #cutOff(session: MatrixSession): void {
    session.stop().catch((error: unknown) => this.#parts.logger.warn("a session was not closed", { error }));
  }

  /** Starts a session, unless it is about to end for good. */
  async #start(accountId: AccountId): Promise<void> {
    if (this.#lockOf(accountId).mayStart) await this.session(accountId).start();
  }

  async #rememberDevice(accountId: AccountId, deviceId: string): Promise<void> {
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, deviceId, hasRun: true }));
  }

  async #rememberSetAside(accountId: AccountId, setAside: SetAside): Promise<void> {
    await this.#parts.index.update(accountId, (entry) => {
      const others = (entry.setAside ?? []).filter(({ deviceId }) => deviceId !== setAside.deviceId);
      return { ...entry, setAside: [...others, setAside] };
    });
  }

  /** Starts again what stopped or failed; resolves when it runs or has said why not. */
  async retry(accountId: AccountId): Promise<void> {
    const runs = (): boolean => this.session(accountId).snapshot.status === "running";
    if (runs()) return;
    await this.#inTurn("retry", accountId, async () => {
      if (runs()) return;
      await this.session(accountId).stop();
      await this.#start(accountId);
    });
  }

  /**
   * Signs out and removes everything local, as `signOut` does; asked twice, it is done once. Where it fails, the account
   * says what is left of it, and can be signed out again. Throws `no_such_account` besides.
   */
  async signOut(accountId: AccountId): Promise<SignedOut> {
    const lock = this.#lockOf(accountId);
    return lock.shared("sign_out", () => {
      // What has its turn now ends, whatever its server does; and nothing starts any more.
      this.#cutOff(this.session(accountId));
      return lock.inTurn("sign_out", () => this.#signOut(accountId));
    });
  }

  async #signOut(accountId: AccountId): Promise<SignedOut> {
    const session = this.session(accountId);
    try {
      const done = await signOut(this.#parts, session);
      this.#sessions.delete(accountId);
      this.#parts.emit("accounts.removed", { accountId });
      return done;
    } catch (thrown) {
      if (!this.#locks.ended) void session.start();
      throw thrown;
    }
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
    if (this.#locks.ended || !this.#parts.index.get(accountId)) return;
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, ...change }));
    this.#announce(accountId);
  }

  #changed(accountId: AccountId, snapshot: SessionSnapshot): void {
    this.#announce(accountId);
    if (snapshot.status === "running" && !snapshot.offline) {
      this.#rememberThatItRan(accountId);
      for (const listener of this.#runningListeners) listener(accountId);
    }
    const { error } = snapshot;
    if (error?.kind === "unauthenticated" && !error.softLogout) {
      for (const listener of this.#tokenGoneListeners) listener(accountId);
    }
  }

  #rememberThatItRan(accountId: AccountId): void {
    if (this.#parts.index.get(accountId)?.hasRun !== false) return;
    const update = this.#parts.index.update(accountId, (entry) => ({ ...entry, hasRun: true }));
    update.catch((error: unknown) => this.#parts.logger.warn("an account could not be marked", { accountId, error }));
  }

  #announce(accountId: AccountId): void {
    const entry = this.#parts.index.get(accountId);
    if (entry) this.#parts.emit("accounts.changed", this.#describe(entry));
  }

  #entry(accountId: AccountId): AccountEntry {
    const entry = this.#parts.index.get(accountId);
    if (!entry) throw fail("no_such_account");
    return entry;
  }

  #describe(entry: AccountEntry): Account {
    const { accountId } = entry;
    return describeAccount(entry, this.#sessions.get(accountId)?.snapshot, this.#starts.has(accountId));
  }
}
