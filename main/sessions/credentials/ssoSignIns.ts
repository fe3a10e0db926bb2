import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { SsoSignIn } from "../../../shared/contract/signIn.ts";
import { type AppError, AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { Logger } from "../../logging/logger.ts";
import { expectedServer } from "../foreignUser.ts";
import { isInsecureHttp } from "../wellKnown.ts";
import { newDeviceId, newId } from "../../storage/newId.ts";
import type { SessionManager } from "../sessionManager.ts";
import { signInWithLoginToken } from "./loginToken.ts";
import { listenOnLoopback, type LoopbackListener } from "./loopbackListener.ts";

export interface SsoSignInsParts {
  sessions: Pick<SessionManager, "account" | "adopt" | "resume">;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  /** Opens a page of a homeserver in the person's browser. Rejects when there is none; may never settle. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** Told of every token before anything else is done with it. */
  keepOutOfLogs: (secret: string) => void;
  sessionName: string;
  /** What the browser shows in the end. */
  doneText?: string;
  /** Until an attempt is over by itself, in milliseconds; five minutes unless said otherwise. */
  lifetimeMs?: number;
}

type Requests = Pick<Handlers["signIn"], "startSso" | "listSso" | "openSso" | "cancelSso">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const LIFETIME_MS = 5 * 60_000;
const MAX_TOKEN_LENGTH = 4096;
const DONE_TEXT = "You're signed in. Close this tab and go back to Steward.";

interface Attempt {
  state: SsoSignIn;
  url: string;
  baseUrl: string;
  serverName: string | null;
  listener: LoopbackListener;
}

/**
 * Sign-ins by single sign-on: the person proves in the browser who they are, and the browser brings a token back to this
 * computer (Client-Server API, "SSO client login/authentication"). Attempts live here, so that a renderer which reloads
 * finds them again; several may wait at the same time, each for its own answer.
 */
export class SsoSignIns implements Requests {
  readonly #parts: SsoSignInsParts;
  readonly #attempts = new Map<ConversationId, Attempt>();
  /** By base URL, the device of a sign-in whose answer was lost: the next one takes its place. */
  readonly #lostDevices = new Map<string, string>();

  constructor(parts: SsoSignInsParts) {
    this.#parts = parts;
  }

  listSso(): { signIns: SsoSignIn[] } {
    return { signIns: [...this.#attempts.values()].map(({ state }) => state) };
  }

  /**
   * Opens the homeserver's page in the browser and waits for the answer.
   *
   * @throws `insecure_http` where the person has not accepted it, and `no_such_account`
   */
  async startSso(input: Input<"startSso">): Promise<{ signInId: ConversationId }> {
    const { accountId, providerId } = input;
    const baseUrl = accountId === null ? input.baseUrl : this.#parts.sessions.account(accountId).homeserver.baseUrl;
    // The warning was accepted when the account was added at this very URL.
    const accepted = accountId !== null || input.acceptInsecureHttp;
    if (isInsecureHttp(baseUrl) && !accepted) throw fail("insecure_http", { baseUrl });
    const listener = await listenOnLoopback({
      expects: (query) => tokenIn(query) !== null,
      doneText: this.#parts.doneText ?? DONE_TEXT,
    });
    const url = redirectAddress(baseUrl, providerId, listener.redirectUrl);
    const signInId = newId<ConversationId>();
    const attempt: Attempt = {
      url,
      baseUrl,
      serverName: input.serverName,
      listener,
      state: { signInId, accountId, status: "waiting", url, browserFailed: false },
    };
    this.#attempts.set(signInId, attempt);
    this.#set(attempt, attempt.state);
    this.#open(attempt);
    void this.#run(attempt);
    return { signInId };
  }

  /** Opens the page once more. @throws `conversation_over` */
  openSso({ signInId }: Input<"openSso">): Record<never, never> {
    const attempt = this.#attempt(signInId);
    this.#set(attempt, { ...common(attempt), status: "waiting", url: attempt.url, browserFailed: false });
    this.#open(attempt);
    return {};
  }

  /** @throws `conversation_over` */
  async cancelSso({ signInId }: Input<"cancelSso">): Promise<Record<never, never>> {
    await this.#attempt(signInId).listener.close(fail("cancelled"));
    return {};
  }

  /** Ends those that wait. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(({ listener }) => listener.close(fail("cancelled"))));
  }

  #attempt(signInId: ConversationId): Attempt {
    const attempt = this.#attempts.get(signInId);
    if (attempt?.state.status !== "waiting") throw fail("conversation_over");
    return attempt;
  }

  /** The launcher may return long before the person is done, fail, or hang: none of it ends the attempt. */
  #open(attempt: Attempt): void {
    this.#parts.openInBrowser(attempt.url, attempt.baseUrl).catch((error: unknown) => {
      this.#parts.logger.warn("the browser could not be opened", { error });
      if (attempt.state.status === "waiting") this.#set(attempt, { ...attempt.state, browserFailed: true });
    });
  }

  async #run(attempt: Attempt): Promise<void> {
    const { listener } = attempt;
    const expiry = setTimeout(() => void listener.close(fail("sign_in_expired")), this.#parts.lifetimeMs ?? LIFETIME_MS);
    try {
      const loginToken = tokenIn(await listener.answer) as string;
      this.#parts.keepOutOfLogs(loginToken);
      this.#set(attempt, { ...common(attempt), status: "finishing" });
      const accountId = await this.#signIn(attempt, loginToken);
      this.#set(attempt, { ...common(attempt), accountId, status: "done" });
    } catch (thrown) {
      const error: AppError | null = thrown instanceof AppFailure ? thrown.error : null;
      if (error === null) this.#parts.logger.error("a sign-in by single sign-on failed", { error: thrown });
      if (error?.kind === "cancelled") this.#set(attempt, { ...common(attempt), status: "cancelled" });
      else this.#set(attempt, { ...common(attempt), status: "failed", error: error ?? { kind: "internal", ref: "sso" } });
    } finally {
      clearTimeout(expiry);
      this.#attempts.delete(attempt.state.signInId);
    }
  }

  /** The token goes to the server that was chosen at the start and to no other. */
  async #signIn({ state, baseUrl, serverName }: Attempt, loginToken: string): Promise<AccountId> {
    const { fetch, sessionName, sessions } = this.#parts;
    const signIn = (deviceId: string | null) =>
      signInWithLoginToken({ fetch, sessionName, baseUrl, loginToken, deviceId });
    if (state.accountId !== null) {
      await sessions.resume(state.accountId, signIn);
      return state.accountId;
    }
    const deviceId = this.#lostDevices.get(baseUrl) ?? newDeviceId();
    this.#lostDevices.set(baseUrl, deviceId);
    const signedIn = await signIn(deviceId);
    this.#lostDevices.delete(baseUrl);
    return sessions.adopt(signedIn, expectedServer({ serverName, baseUrl }));
  }

  #set(attempt: Attempt, state: SsoSignIn): void {
    attempt.state = state;
    this.#parts.emit("signIn.ssoChanged", state);
  }
}

const common = ({ state: { signInId, accountId } }: Attempt) => ({ signInId, accountId });

function tokenIn(query: URLSearchParams): string | null {
  const token = query.get("loginToken");
  return token !== null && token.length > 0 && token.length <= MAX_TOKEN_LENGTH ? token : null;
}

function redirectAddress(baseUrl: string, providerId: string | null, redirectUrl: string): string {
  const provider = providerId === null ? "" : `/${encodeURIComponent(providerId)}`;
  const query = new URLSearchParams({ redirectUrl });
  return `${baseUrl}/_matrix/client/v3/login/sso/redirect${provider}?${query.toString()}`;
}
