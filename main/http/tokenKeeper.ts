/** What a server gave to be known by. */
export interface AccessTokens {
  accessToken: string;
  /** When the access token ends, in milliseconds since 1970; null when nobody knows or it does not. */
  expiresAt: number | null;
}

/** Where requests get their token from, each time anew. */
export interface TokenSource {
  accessToken(): Promise<string>;
  replacementFor(sent: string): Promise<string | null>;
}

/** How an account gets new tokens. An account whose server gave it none to refresh with has no such thing. */
export interface TokenRefresh<T extends AccessTokens> {
  /** Asks the server for new ones; it may take the old ones back with that. */
  exchange: (tokens: T) => Promise<T>;
  /** Writes them down. Nothing is sent with them before this has resolved. */
  persist: (tokens: T) => Promise<void>;
}

/** Refreshed beside the requests that still go out with the old one, in milliseconds before its end. */
const SHOULD_REFRESH_MS = 60_000;
/** Waited for, in milliseconds before its end: it would not outlive the request. */
const MUST_REFRESH_MS = 5_000;

/**
 * Holds the one copy of an account's access token that requests are sent with. Whoever sends one asks for it each time.
 *
 * A refresh happens once, however many wait for it, and those who wait get its outcome. It goes on when whoever caused it
 * gives up: the server may have taken the old tokens back already.
 */
export class TokenKeeper<T extends AccessTokens = AccessTokens> implements TokenSource {
  #tokens: T;
  readonly #refresh: TokenRefresh<T> | null;
  readonly #now: () => number;
  #refreshing: Promise<T> | null = null;

  constructor(tokens: T, refresh: TokenRefresh<T> | null = null, now: () => number = Date.now) {
    this.#tokens = tokens;
    this.#refresh = refresh;
    this.#now = now;
  }

  /** The access token to send a request with now. Throws what the refresh throws when there is no way without it. */
  async accessToken(): Promise<string> {
    const { expiresAt, accessToken } = this.#tokens;
    if (this.#refresh === null || expiresAt === null) return accessToken;
    const left = expiresAt - this.#now();
    if (left < MUST_REFRESH_MS) return (await this.#refreshed(this.#refresh)).accessToken;
    // Whoever must wait for the next one hears why it failed.
    if (left < SHOULD_REFRESH_MS) void this.#refreshed(this.#refresh).catch(() => undefined);
    return accessToken;
  }

  /**
   * What to send in place of a token that the server has refused; null when there is nothing better. The token that was
   * sent counts: another request may have had it replaced already. Throws what the refresh throws.
   */
  async replacementFor(sent: string): Promise<string | null> {
    if (this.#refreshing === null && this.#tokens.accessToken !== sent) return this.#tokens.accessToken;
    if (this.#refresh === null) return null;
    return (await this.#refreshed(this.#refresh)).accessToken;
  }

  #refreshed(refresh: TokenRefresh<T>): Promise<T> {
    this.#refreshing ??= this.#exchange(refresh).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange({ exchange, persist }: TokenRefresh<T>): Promise<T> {
    const tokens = await exchange(this.#tokens);
    await persist(tokens);
    this.#tokens = tokens;
    return tokens;
  }
}
