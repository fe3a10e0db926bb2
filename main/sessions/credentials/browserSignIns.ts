import type { Handlers } from "../../../shared/contract/index.ts";
import type { BrowserSignIn } from "../../../shared/contract/signIn.ts";
import { type AppError, AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { newId } from "../../storage/newId.ts";
import { isInsecureHttp } from "../wellKnown.ts";
import type { BrowserConversation, BrowserSignInsParts, BrowserWay } from "./browserWay.ts";
import { listenOnLoopback } from "./loopbackListener.ts";
import { oauthCodeWay } from "./oauthCodeWay.ts";
import { oauthWay } from "./oauthWay.ts";
import { ssoWay } from "./ssoWay.ts";

type Requests = Pick<
  Handlers["signIn"],
  "startSso" | "startOauth" | "startOauthByCode" | "listBrowserSignIns" | "openBrowserSignIn" | "cancelBrowserSignIn"
>;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const DONE_TEXT = "You're signed in. Close this tab and go back to Steward.";
const REFUSED_TEXT = "You're not signed in. Close this tab and go back to Steward.";

interface Attempt {
  state: BrowserSignIn;
  conversation: BrowserConversation;
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
    return this.#start(input.accountId, await this.#conversationOf(ssoWay(this.#parts, this.#lostDevices, { ...input, baseUrl })));
  }

  /**
   * Registers at the homeserver's authorization server, opens its page and waits for the answer.
   *
   * @throws as `startSso` does; `oauth_unusable` and `oauth_refused` where the authorization server does not take the app;
   *   `network` and its kin; and why an account's secrets cannot be read now
   */
  async startOauth(input: Input<"startOauth">): Promise<{ signInId: ConversationId }> {
    const baseUrl = this.#baseUrl(input);
    const way = await oauthWay(this.#parts, this.#lostDevices, { ...input, baseUrl });
    return this.#start(input.accountId, await this.#conversationOf(way));
  }

  /**
   * The same with a code that the person types on the server's page, in whichever browser.
   *
   * @throws as `startOauth` does
   */
  async startOauthByCode(input: Input<"startOauthByCode">): Promise<{ signInId: ConversationId }> {
    const baseUrl = this.#baseUrl(input);
    const request = { ...input, baseUrl, localpart: null };
    return this.#start(input.accountId, await oauthCodeWay(this.#parts, this.#lostDevices, request));
  }

  /** Opens the page once more. @throws `conversation_over` */
  openBrowserSignIn({ signInId }: Input<"openBrowserSignIn">): Record<never, never> {
    const attempt = this.#attempt(signInId);
    this.#set(attempt, waiting(attempt));
    this.#open(attempt);
    return {};
  }

  /** @throws `conversation_over` */
  async cancelBrowserSignIn({ signInId }: Input<"cancelBrowserSignIn">): Promise<Record<never, never>> {
    await this.#attempt(signInId).conversation.close(fail("cancelled"));
    return {};
  }

  /** Ends those that wait. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(({ conversation }) => conversation.close(fail("cancelled"))));
  }

  /** The address that the person has accepted, now or when the account was added. */
  #baseUrl({
    accountId,
    baseUrl: typed,
    acceptInsecureHttp,
  }: Pick<Input<"startSso">, "accountId" | "baseUrl" | "acceptInsecureHttp">): string {
    if (accountId !== null) return this.#parts.sessions.account(accountId).homeserver.baseUrl;
    if (isInsecureHttp(typed) && !acceptInsecureHttp) throw fail("insecure_http", { baseUrl: typed });
    return typed;
  }

  #start(accountId: AccountId | null, conversation: BrowserConversation): { signInId: ConversationId } {
    const signInId = newId<ConversationId>();
    const attempt: Attempt = { conversation, state: waiting({ conversation, state: { signInId, accountId } }) };
    this.#attempts.set(signInId, attempt);
    this.#ask(attempt);
    void this.#run(attempt);
    return { signInId };
  }

  /** A code is shown first: the person may want to type it elsewhere. */
  #ask(attempt: Attempt): void {
    this.#set(attempt, waiting(attempt));
    if (attempt.conversation.userCode === null) this.#open(attempt);
  }

  /** Listens for the browser to come back, and has the page ready. */
  async #conversationOf(way: BrowserWay): Promise<BrowserConversation> {
    const listener = await listenOnLoopback({
      ...(way.path !== undefined && { path: way.path }),
      expects: way.expects,
      doneText: (query) => (way.isRefusal(query) ? REFUSED_TEXT : (this.#parts.doneText ?? DONE_TEXT)),
    });
    const page = await way.page(listener.redirectUrl).catch(async (thrown: unknown) => {
      await listener.close(thrown);
      throw thrown;
    });
    return {
      url: page.url,
      opens: page.url,
      pageOf: page.baseUrl,
      userCode: null,
      lifetimeMs: way.lifetimeMs,
      close: (reason) => listener.close(reason),
      answer: listener.answer.then((query) => async () => {
        const outcome = await way.signIn(query);
        return typeof outcome === "string" ? outcome : { again: async () => this.#conversationOf(await outcome.again()) };
      }),
    };
  }

  #attempt(signInId: ConversationId): Attempt {
    const attempt = this.#attempts.get(signInId);
    if (attempt?.state.status !== "waiting") throw fail("conversation_over");
    return attempt;
  }

  /** The launcher may return long before the person is done, fail, or hang: none of it ends the attempt. */
  #open(attempt: Attempt): void {
    const { opens, pageOf } = attempt.conversation;
    this.#parts.openInBrowser(opens, pageOf).catch((error: unknown) => {
      this.#parts.logger.warn("the browser could not be opened", { error });
      if (attempt.state.status === "waiting") this.#set(attempt, { ...attempt.state, browserFailed: true });
    });
  }

  async #run(attempt: Attempt): Promise<void> {
    const expire = (): void => void attempt.conversation.close(fail("sign_in_expired"));
    const expiry = setTimeout(expire, this.#parts.lifetimeMs ?? attempt.conversation.lifetimeMs);
    try {
      for (;;) {
        const signIn = await attempt.conversation.answer;
        this.#set(attempt, { ...common(attempt), status: "finishing" });
        const outcome = await signIn();
        if (typeof outcome === "string") {
          this.#set(attempt, { ...common(attempt), accountId: outcome, status: "done" });
          return;
        }
        attempt.conversation = await outcome.again();
        this.#ask(attempt);
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

function waiting(attempt: { conversation: BrowserConversation; state: Pick<BrowserSignIn, "signInId" | "accountId"> }): BrowserSignIn {
  const { signInId, accountId } = attempt.state;
  const { url, userCode } = attempt.conversation;
  return { signInId, accountId, status: "waiting", url, userCode, browserFailed: false };
}
