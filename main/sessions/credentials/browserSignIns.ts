import type { Handlers } from "../../../shared/contract/index.ts";
import type { BrowserSignIn } from "../../../shared/contract/signIn.ts";
import { type AppError, AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { newId } from "../../storage/newId.ts";
import { isInsecureHttp } from "../wellKnown.ts";
import type { BrowserSignInsParts, BrowserWay } from "./browserWay.ts";
import { listenOnLoopback, type LoopbackListener } from "./loopbackListener.ts";
import { oauthWay } from "./oauthWay.ts";
import { ssoWay } from "./ssoWay.ts";

type Requests = Pick<Handlers["signIn"], "startSso" | "startOauth" | "listBrowserSignIns" | "openBrowserSignIn" | "cancelBrowserSignIn">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const DONE_TEXT = "You're signed in. Close this tab and go back to Steward.";
const REFUSED_TEXT = "You're not signed in. Close this tab and go back to Steward.";

interface Attempt {
  state: BrowserSignIn;
  url: string;
  pageOf: string;
  way: BrowserWay;
  listener: LoopbackListener;
}

/**
 * Sign-ins in the browser: the person proves there who they are, and the browser brings an answer back to this computer
 * (Client-Server API, "SSO client login/authentication" and "OAuth 2.0 API"). Attempts live here, so that a renderer which
 * reloads finds them again; several may wait at the same time, each for its own answer.
 */
export class BrowserSignIns implements Requests {
  readonly #parts: BrowserSignInsParts;
  readonly #attempts = new Map<ConversationId, Attempt>();
  /** By base URL, the device of a sign-in whose answer was lost: the next one takes its place. */
  readonly #lostDevices = new Map<string, string>();

  constructor(parts: BrowserSignInsParts) {
    this.#parts = parts;
  }

  listBrowserSignIns(): { signIns: BrowserSignIn[] } {
    return { signIns: [...this.#attempts.values()].map(({ state }) => state) };
  }

  /**
   * Opens the homeserver's page for single sign-on and waits for the answer.
   *
   * @throws `insecure_http` where the person has not accepted it, and `no_such_account`
   */
  async startSso(input: Input<"startSso">): Promise<{ signInId: ConversationId }> {
    const baseUrl = this.#baseUrl(input);
    return this.#start(input.accountId, ssoWay(this.#parts, this.#lostDevices, { ...input, baseUrl }));
  }

  /**
   * Registers at the homeserver's authorization server, opens its page and waits for the answer.
   *
   * @throws as `startSso` does; `oauth_unusable` and `oauth_refused` where the authorization server does not take the app;
   *   `network` and its kin; and why an account's secrets cannot be read now
   */
  async startOauth(input: Input<"startOauth">): Promise<{ signInId: ConversationId }> {
    const baseUrl = this.#baseUrl(input);
    return this.#start(input.accountId, await oauthWay(this.#parts, this.#lostDevices, { ...input, baseUrl }));
  }

  /** Opens the page once more. @throws `conversation_over` */
  openBrowserSignIn({ signInId }: Input<"openBrowserSignIn">): Record<never, never> {
    const attempt = this.#attempt(signInId);
    this.#set(attempt, { ...common(attempt), status: "waiting", url: attempt.url, browserFailed: false });
    this.#open(attempt);
    return {};
  }

  /** @throws `conversation_over` */
  async cancelBrowserSignIn({ signInId }: Input<"cancelBrowserSignIn">): Promise<Record<never, never>> {
    await this.#attempt(signInId).listener.close(fail("cancelled"));
    return {};
  }

  /** Ends those that wait. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(({ listener }) => listener.close(fail("cancelled"))));
  }

  /** The address that the person has accepted, now or when the account was added. */
  #baseUrl({ accountId, baseUrl: typed, acceptInsecureHttp }: Pick<Input<"startSso">, "accountId" | "baseUrl" | "acceptInsecureHttp">): string {
    if (accountId !== null) return this.#parts.sessions.account(accountId).homeserver.baseUrl;
    if (isInsecureHttp(typed) && !acceptInsecureHttp) throw fail("insecure_http", { baseUrl: typed });
    return typed;
  }

  async #start(accountId: AccountId | null, way: BrowserWay): Promise<{ signInId: ConversationId }> {
    const signInId = newId<ConversationId>();
    const attempt = await this.#prepare(way, { signInId, accountId });
    this.#attempts.set(signInId, attempt);
    this.#set(attempt, attempt.state);
    this.#open(attempt);
    void this.#run(attempt);
    return { signInId };
  }

  /** Listens for an answer, and has the page ready. */
  async #prepare(way: BrowserWay, of: Pick<BrowserSignIn, "signInId" | "accountId">): Promise<Attempt> {
    const listener = await listenOnLoopback({
      ...(way.path !== undefined && { path: way.path }),
      expects: way.expects,
      doneText: (query) => (way.isRefusal(query) ? REFUSED_TEXT : (this.#parts.doneText ?? DONE_TEXT)),
    });
    const page = await way.page(listener.redirectUrl).catch(async (thrown: unknown) => {
      await listener.close(thrown);
      throw thrown;
    });
    const state: BrowserSignIn = { ...of, status: "waiting", url: page.url, browserFailed: false };
    return { url: page.url, pageOf: page.baseUrl, way, listener, state };
  }

  #attempt(signInId: ConversationId): Attempt {
    const attempt = this.#attempts.get(signInId);
    if (attempt?.state.status !== "waiting") throw fail("conversation_over");
    return attempt;
  }

  /** The launcher may return long before the person is done, fail, or hang: none of it ends the attempt. */
  #open(attempt: Attempt): void {
    this.#parts.openInBrowser(attempt.url, attempt.pageOf).catch((error: unknown) => {
      this.#parts.logger.warn("the browser could not be opened", { error });
      if (attempt.state.status === "waiting") this.#set(attempt, { ...attempt.state, browserFailed: true });
    });
  }

  async #run(attempt: Attempt): Promise<void> {
    const expire = (): void => void attempt.listener.close(fail("sign_in_expired"));
    const expiry = setTimeout(expire, this.#parts.lifetimeMs ?? attempt.way.lifetimeMs);
    try {
      for (;;) {
        const query = await attempt.listener.answer;
        this.#set(attempt, { ...common(attempt), status: "finishing" });
        const outcome = await attempt.way.signIn(query);
        if (typeof outcome === "string") {
          this.#set(attempt, { ...common(attempt), accountId: outcome, status: "done" });
          return;
        }
        Object.assign(attempt, await this.#prepare(await outcome.again(), common(attempt)));
        this.#set(attempt, attempt.state);
        this.#open(attempt);
      }
    } catch (thrown) {
      const error: AppError | null = thrown instanceof AppFailure ? thrown.error : null;
      if (error === null) this.#parts.logger.error("a sign-in in the browser failed", { error: thrown });
      if (error?.kind === "cancelled") this.#set(attempt, { ...common(attempt), status: "cancelled" });
      else this.#set(attempt, { ...common(attempt), status: "failed", error: error ?? { kind: "internal", ref: "browser sign-in" } });
    } finally {
      clearTimeout(expiry);
      this.#attempts.delete(attempt.state.signInId);
    }
  }

  #set(attempt: Attempt, state: BrowserSignIn): void {
    attempt.state = state;
    this.#parts.emit("signIn.browserSignInChanged", state);
  }
}

const common = ({ state: { signInId, accountId } }: Attempt) => ({ signInId, accountId });
