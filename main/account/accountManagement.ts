import { setTimeout as pause } from "node:timers/promises";
import type { AccountManagement } from "../../shared/contract/accountManagement.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { listDevices } from "../devices/deviceList.ts";
import type { Fetch } from "../http/redirects.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { askAuthDocument, AuthMetadata } from "../sessions/oauth/authMetadata.ts";
import { oauthGrantIn } from "../sessions/oauth/oauthTokens.ts";
import { type ManagementPage, managementPageIn, managementUrl } from "./managementPage.ts";

export interface AccountManagementParts {
  sessions: Pick<SessionManager, "account" | "session">;
  secretStore: Pick<SecretStore, "read">;
  fetch: Fetch;
  /** Opens a page of a server in the person's browser. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** Called when a session has gone that was to be signed out on the page. */
  onSessionsChanged: (accountId: AccountId) => void;
  /** Called before a page is opened to sign a session out there. */
  onEnding: (accountId: AccountId, deviceIds: readonly string[]) => void;
  /** In place of how often it is looked whether a session has gone, and for how long, in milliseconds. */
  pollMs?: number;
  watchMs?: number;
}

type Requests = Handlers["accountManagement"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** How long a homeserver's metadata are taken as they were, in milliseconds: servers give them ten minutes. */
const FRESH_MS = 10 * 60_000;
const POLL_MS = 3_000;
/** How long it is looked whether a session has gone, in milliseconds. The list is asked for anew when it is opened. */
const WATCH_MS = 10 * 60_000;

interface Known {
  delegated: boolean;
  /** Steward can sign in there. */
  usable: boolean;
  page: ManagementPage | null;
  at: number;
}

/**
 * What an OAuth 2.0 homeserver does on a page of its own: there are no requests for it, so the page is opened, and what
 * became of it is looked for. It is the server that decides, not the way in which the account was signed in.
 */
export class AccountManagementService implements Requests {
  readonly #parts: AccountManagementParts;
  readonly #known = new Map<string, Known>();
  readonly #watches = new Map<AccountId, Set<string>>();

  constructor(parts: AccountManagementParts) {
    this.#parts = parts;
  }

  /** @throws `no_such_account`, and what the homeserver answers where nothing was known before */
  async state({ accountId }: Input<"state">): Promise<AccountManagement> {
    const { delegated, usable, page } = await this.#ask(accountId);
    return { delegated, pageHost: page && new URL(page.uri).host, canMove: usable && (await this.#hasOtherTokens(accountId)) };
  }

  /** @throws as `state` does, `not_allowed_by_server` where there is no page, and that no browser could be opened */
  async open({ accountId, action, deviceId }: Input<"open">): Promise<Record<never, never>> {
    const { page } = await this.#ask(accountId);
    if (page === null) throw fail("not_allowed_by_server");
    if (deviceId !== null) this.#parts.onEnding(accountId, [deviceId]);
    await this.#parts.openInBrowser(managementUrl(page, action, deviceId), new URL(page.uri).origin);
    if (deviceId !== null) this.#watch(accountId, deviceId);
    return {};
  }

  /**
   * Whether an address is on the page where the account is managed: what its server wants approved is approved there. It is
   * not where the server does not say.
   *
   * @throws `no_such_account`
   */
  async isOnPage(accountId: AccountId, url: URL): Promise<boolean> {
    this.#parts.sessions.account(accountId);
    const known = await this.#ask(accountId).catch(() => null);
    return known !== null && known.page !== null && new URL(known.page.uri).origin === url.origin;
  }

  async #ask(accountId: AccountId): Promise<Known> {
    const { baseUrl } = this.#parts.sessions.account(accountId).homeserver;
    const known = this.#known.get(baseUrl);
    // A server that has none may have one any time.
    if (known?.delegated && performance.now() - known.at < FRESH_MS) return known;
    try {
      const metadata = await askAuthDocument(baseUrl, this.#parts.fetch);
      const usable = AuthMetadata.safeParse(metadata).success;
      const learnt = { delegated: metadata !== null, usable, page: managementPageIn(metadata, baseUrl), at: performance.now() };
      this.#known.set(baseUrl, learnt);
      return learnt;
    } catch (thrown) {
      if (known) return known;
      throw thrown;
    }
  }

  /** Whether the homeserver itself has given the session's tokens. Those that cannot be read are none that could be replaced. */
  async #hasOtherTokens(accountId: AccountId): Promise<boolean> {
    const read = await this.#parts.secretStore.read(accountId);
    return read.kind === "found" && oauthGrantIn(read.secrets) === null;
  }

  #watch(accountId: AccountId, deviceId: string): void {
    const watched = this.#watches.get(accountId) ?? new Set<string>();
    this.#watches.set(accountId, watched);
    if (watched.has(deviceId)) return;
    watched.add(deviceId);
    void this.#lookUntilGone(accountId, deviceId).finally(() => watched.delete(deviceId));
  }

  /** Never rejects: what is not seen now is seen the next time, or when the list is opened. */
  async #lookUntilGone(accountId: AccountId, deviceId: string): Promise<void> {
    const { sessions, pollMs = POLL_MS, watchMs = WATCH_MS, onSessionsChanged } = this.#parts;
    const until = performance.now() + watchMs;
    while (performance.now() < until) {
      await pause(pollMs, null, { ref: false });
      try {
        const listed = await sessions.session(accountId).use(listDevices);
        if (listed.some((device) => device.deviceId === deviceId)) continue;
      } catch (thrown) {
        if (isFailure(thrown, "no_such_account")) return;
        continue;
      }
      onSessionsChanged(accountId);
      return;
    }
  }
}
