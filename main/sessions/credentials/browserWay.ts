import type { Emit } from "../../../shared/contract/index.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../../shared/secret.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { Logger } from "../../logging/logger.ts";
import type { SessionManager } from "../sessionManager.ts";

/** What signing in by a page in the browser needs, whichever way it is. */
export interface BrowserSignInsParts {
  sessions: Pick<SessionManager, "account" | "adopt" | "resume">;
  /**
   * The device that an account signs in again with; null for a new one. Throws why its secrets cannot be read now.
   * `isThere`: the server has been seen to have the account's device still.
   */
  deviceToResume: (accountId: AccountId, isThere?: boolean) => Promise<string | null>;
  /** Whether the account's present session is one that an authorization server has given. */
  hasGrant: (accountId: AccountId) => Promise<boolean>;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  /** Opens a page of a server in the person's browser. Rejects when there is none; may never settle. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** Told of every token before anything else is done with it. */
  keepOutOfLogs: KeepOutOfLogs;
  sessionName: string;
  /** What the browser shows in the end. */
  doneText?: string;
  /** Until an attempt is over by itself, in milliseconds; as long as its way gives it unless said otherwise. */
  lifetimeMs?: number;
}

/** A sign-in that waits for the person, wherever their browser is. */
export interface BrowserConversation {
  /** The page, as it is shown and may be typed. */
  url: string;
  /** The same, as it is opened. */
  opens: string;
  /** Whose page it is. */
  pageOf: string;
  /** What the person types on the page; null where the browser comes back by itself. */
  userCode: string | null;
  /** Milliseconds until it is over by itself. */
  lifetimeMs: number;
  /**
   * Resolves when the person is done, with what makes an account of that, or says how they are to be asked once more.
   * Rejects with what `close` was given.
   */
  answer: Promise<() => Promise<AccountId | { again: () => Promise<BrowserConversation> }>>;
  /** Ends it: nobody waits any more. */
  close: (reason: unknown) => Promise<void>;
}

/** One way to sign in by a page in the browser. */
export interface BrowserWay {
  /** Where the browser comes back to, when that must be known beforehand: a path. */
  path?: string;
  /** Milliseconds until an attempt is over by itself. */
  lifetimeMs: number;
  /** What a fitting answer has in its query. */
  expects: (query: URLSearchParams) => boolean;
  /** True for an answer that says that the person is not signed in. */
  isRefusal: (query: URLSearchParams) => boolean;
  /** Makes ready what is needed, and answers the page's address and whose page it is. */
  page: (redirectUrl: string) => Promise<{ url: string; baseUrl: string }>;
  /** Makes of the answer an account, or says how the person is to be asked once more. */
  signIn: (query: URLSearchParams) => Promise<AccountId | { again: () => Promise<BrowserWay> }>;
}
