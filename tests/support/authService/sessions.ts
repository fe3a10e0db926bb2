/** Somebody who has an account at the authorization server. */
export interface AuthUser {
  localpart: string;
  password: string;
  /** May ask for the scopes of an admin. */
  mayAskForAdmin: boolean;
  /** Every token of theirs is refused, while refreshing goes on: so it was seen. */
  locked: boolean;
  deactivated: boolean;
  emails: string[];
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** With which people may create an account. */
export interface RegistrationToken {
  token: string;
  usage_limit: number | null;
  expires_at: string | null;
  revoked_at: string | null;
}

/** Whom a provider of single sign-on knows somebody as. */
export interface UpstreamLink {
  provider_id: string;
  subject: string;
  localpart: string;
}

/** A session that no homeserver hears of: of a browser, or of a token that somebody made for themselves. */
export interface OtherSession {
  kind: "user" | "personal";
  localpart: string;
  name: string;
}

/** The tokens of one session that are in force. */
export interface TokenPair {
  accessToken: string;
  /** Null for a client that may not refresh. */
  refreshToken: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** The homeserver has asked about the access token. */
  used: boolean;
}

/** One sign-in: a grant with its device. */
export interface AuthSession {
  /** The grant's id. */
  id: string;
  /** Signed in by the compatibility layer's own routes, or by OAuth. */
  kind: "compat" | "oauth2";
  localpart: string;
  deviceId: string | null;
  scope: string;
  clientId: string;
  /** What the sign-in page and the account page call it. */
  name: string;
  current: TokenPair;
  /** What the current pair was made from, and may be made from again while that is unused. */
  previousRefreshToken: string | null;
}

/** Users and sessions, as the authorization server keeps them. */
export class AuthSessions {
  readonly users = new Map<string, AuthUser>();
  readonly sessions = new Map<string, AuthSession>();
  readonly registrationTokens: RegistrationToken[] = [];
  readonly upstreamLinks: UpstreamLink[] = [];
  readonly otherSessions: OtherSession[] = [];
  /** Every token ever given out, to look for where none may be. */
  readonly givenOut: string[] = [];

  /** Takes down the pair that a session has from now on. */
  setPair(session: AuthSession, pair: TokenPair, madeFrom: string | null): void {
    session.current = pair;
    session.previousRefreshToken = madeFrom;
    this.givenOut.push(pair.accessToken, ...(pair.refreshToken === null ? [] : [pair.refreshToken]));
  }

  /** The session that a token opens now, which counts as its first use; undefined when it opens none. */
  use(accessToken: string): AuthSession | undefined {
    const session = this.all().find(({ current }) => current.accessToken === accessToken);
    if (session === undefined || session.current.expiresAt <= Date.now()) return undefined;
    const user = this.users.get(session.localpart);
    if (user === undefined || user.locked || user.deactivated) return undefined;
    session.current.used = true;
    return session;
  }

  /** Every session that has not ended. */
  all(): AuthSession[] {
    return [...this.sessions.values()];
  }
}
