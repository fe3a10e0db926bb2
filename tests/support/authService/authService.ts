import { createServer, type Server } from "node:http";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import { type FaultProxy, startFaultProxy } from "../faultProxy.ts";
import { freePort, listenLocally } from "../ports.ts";
import { accountPage } from "./accountPage.ts";
import { adminApi } from "./adminApi.ts";
import { compatibility, COMPATIBILITY_PATH } from "./compatibility.ts";
import { HomeserverLink, sharedSecret } from "./homeserver.ts";
import { type AuthServiceSettings, makeProvider } from "./provider.ts";
import { beginAuthorization, interact, introspect } from "./routes.ts";
import { readScope } from "./scopes.ts";
import { type AuthSession, AuthSessions, type OtherSession, type AuthUser } from "./sessions.ts";

export type { AuthSession, AuthUser } from "./sessions.ts";
export type { AuthServiceSettings } from "./provider.ts";

/** Whose authorization server it is. */
interface Homeserver {
  serverName: string;
  baseUrl: string;
}

/**
 * Starts the tests' authorization server on 127.0.0.1, before a Synapse that need not run yet: what has to be in its
 * configuration is `synapseConfig`.
 */
export async function startAuthService(homeserver: Homeserver, settings: Partial<AuthServiceSettings> = {}): Promise<AuthService> {
  const port = await freePort();
  const faults = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  const service = new AuthService(homeserver, faults, settings);
  await service.listen(port);
  return service;
}

/** The tests' authorization server: see README.md. */
export class AuthService {
  /** Stands before it, at its public address. */
  readonly faults: FaultProxy;
  /** Changes take effect at the next request; a Synapse keeps the metadata that it read first. */
  readonly settings: AuthServiceSettings;
  readonly #homeserver: Homeserver;
  readonly #link: HomeserverLink;
  readonly #store = new AuthSessions();
  readonly #provider: Provider;
  readonly #server: Server;
  readonly #registered = new Map<string, object>();
  #ending: Promise<unknown> = Promise.resolve();

  constructor(homeserver: Homeserver, faults: FaultProxy, settings: Partial<AuthServiceSettings>) {
    this.#homeserver = homeserver;
    this.#link = new HomeserverLink(homeserver.baseUrl);
    this.faults = faults;
    this.settings = {
      accessTokenSeconds: 300,
      deviceIntervalSeconds: 5,
      registration: true,
      accountActions: ACCOUNT_ACTIONS,
      adminApi: "off",
      ...settings,
    };
    this.#provider = makeProvider(this.issuer, this.#store, this.settings);
    this.#provider.on("grant.revoked", (_context: unknown, grantId: string) => this.#ended(grantId));
    this.#provider.use((context, next) => this.#serve(context as KoaContextWithOIDC, next));
    const answer = this.#provider.callback();
    this.#server = createServer((request, response) => void answer(request, response));
  }

  async listen(port: number): Promise<void> {
    await listenLocally(this.#server, port);
  }

  get issuer(): string {
    return this.faults.baseUrl;
  }

  /** Everything that Synapse's configuration needs for it. */
  get synapseConfig(): Record<string, unknown> {
    return {
      matrix_authentication_service: { enabled: true, endpoint: `${this.issuer}/`, secret: sharedSecret },
      password_config: { enabled: false },
    };
  }

  /** For the proxy before the homeserver, which has these then: signing in without OAuth, as clients of old do. */
  get compatibility(): { path: RegExp; target: string } {
    return { path: COMPATIBILITY_PATH, target: this.issuer };
  }

  /** Makes a user, here and at the homeserver. @throws Error when the name is taken */
  async addUser(user: Pick<AuthUser, "localpart" | "password"> & Partial<AuthUser>, displayName?: string): Promise<AuthUser> {
    if (this.#store.users.has(user.localpart)) throw new Error("That username is taken");
    const made = { mayAskForAdmin: false, locked: false, deactivated: false, emails: [], createdAt: Date.now(), ...user };
    await this.#link.provisionUser(made.localpart, displayName);
    this.#store.users.set(made.localpart, made);
    return made;
  }

  /** Locks a user, or unlocks one. Synapse goes by what it asked in the last two minutes. */
  lock(localpart: string, locked = true): void {
    this.#user(localpart).locked = locked;
  }

  /** Ends all sessions of a user and lets them sign in no more. */
  async deactivate(localpart: string, erase = false): Promise<void> {
    this.#user(localpart).deactivated = true;
    for (const session of this.sessionsOf(localpart)) await this.endSession(session);
    await this.#link.deleteUser(localpart, erase);
  }

  /** Lets somebody who was deactivated sign in again. */
  async reactivate(localpart: string): Promise<void> {
    this.#user(localpart).deactivated = false;
    await this.#link.reactivateUser(localpart);
  }

  /** The sessions of a user that have not ended, oldest first. */
  sessionsOf(localpart: string): AuthSession[] {
    return this.#store.all().filter((session) => session.localpart === localpart);
  }

  /** Adds a session that no homeserver hears of. */
  addOtherSession(session: OtherSession): void {
    this.#store.otherSessions.push(session);
  }

  /** Ends a session, as its owner can on the account page: its device is gone with it. */
  async endSession(session: AuthSession): Promise<void> {
    this.#ended(session.id);
    await this.#ending;
  }

  /** Makes every access token one whose time is up. Synapse goes by what it asked in the last two minutes, until it restarts. */
  expireAccessTokens(): void {
    for (const session of this.#store.all()) session.current.expiresAt = 0;
  }

  /** Every token that was given out, to look for where none may be. */
  get tokens(): readonly string[] {
    return this.#store.givenOut;
  }

  async stop(): Promise<void> {
    await this.faults.stop();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #user(localpart: string): AuthUser {
    const user = this.#store.users.get(localpart);
    if (user === undefined) throw new Error(`there is no user ${localpart}`);
    return user;
  }

  async #serve(context: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    const { path, method } = context;
    if (path === "/oauth2/introspect" && method === "POST") return introspect(context, this.#store);
    if (path.startsWith("/interaction/")) {
      return interact(context, {
        provider: this.#provider,
        sessions: this.#store,
        settings: this.settings,
        serverName: this.#homeserver.serverName,
        register: async (localpart, password) => void (await this.addUser({ localpart, password })),
      });
    }
    if (COMPATIBILITY_PATH.test(path)) {
      return compatibility(context, {
        sessions: this.#store,
        serverName: this.#homeserver.serverName,
        upsertDevice: (...device) => this.#link.upsertDevice(...device),
        endSession: (session) => this.endSession(session),
      });
    }
    if (path.startsWith("/api/admin/v1/")) {
      return adminApi(context, {
        sessions: this.#store,
        adminApi: this.settings.adminApi,
        deactivate: (localpart, erase) => this.deactivate(localpart, erase),
        reactivate: (localpart) => this.reactivate(localpart),
        endSession: (session) => this.endSession(session),
        create: (localpart, displayName) => this.addUser({ localpart, password: "" }, displayName),
        setEmails: async (user, emails) => {
          user.emails = emails;
          await this.#link.setEmails(user.localpart, emails);
        },
      });
    }
    if (path === "/account/") {
      return accountPage(context, {
        provider: this.#provider,
        link: this.#link,
        actions: this.settings.accountActions ?? [],
        user: (localpart) => this.#store.users.get(localpart),
        sessionsOf: (localpart) => this.sessionsOf(localpart),
        endSession: (session) => this.endSession(session),
        deactivate: (localpart) => this.deactivate(localpart),
      });
    }
    if (path === "/authorize" && beginAuthorization(context)) return;
    await next();
    if (path === "/.well-known/openid-configuration") this.#describe(context);
    if (path === "/oauth2/registration" && context.status === 201) this.#sameClientAgain(context);
    if (path === "/oauth2/device" && context.status === 200) this.#describeCode(context);
    if (path === "/oauth2/token") await this.#afterToken(context);
    if (path === "/oauth2/revoke") await this.#ending;
  }

  #describe(context: KoaContextWithOIDC): void {
    const { accountActions, registration } = this.settings;
    Object.assign(context.body as object, {
      prompt_values_supported: ["none", "login", ...(registration ? ["create"] : [])],
      account_management_uri: `${this.issuer}/account/`,
      ...(accountActions !== null && { account_management_actions_supported: accountActions }),
    });
  }

  /** The page's address has no code in it. */
  #describeCode(context: KoaContextWithOIDC): void {
    const { verification_uri_complete: _complete, ...body } = context.body as Record<string, unknown>;
    context.body = { ...body, interval: this.settings.deviceIntervalSeconds };
  }

  /** The same metadata have the same client. */
  #sameClientAgain(context: KoaContextWithOIDC): void {
    const key = JSON.stringify(context.oidc.body);
    const before = this.#registered.get(key);
    if (before === undefined) this.#registered.set(key, context.body as object);
    else context.body = before;
  }

  /** A session begins with its device, which is there before the client hears of it. The device grant says "not yet" by 403. */
  async #afterToken(context: KoaContextWithOIDC): Promise<void> {
    const body = context.body as { access_token?: string; refresh_token?: string; error?: string };
    if (body.error !== undefined && NOT_YET.includes(body.error)) context.status = 403;
    const { AccessToken: token, Client: client } = context.oidc.entities;
    if (body.access_token === undefined || token === undefined || client === undefined) return;
    const { accountId: localpart, grantId: id, scope = "" } = token;
    const deviceId = readScope(scope)?.deviceId ?? null;
    const name = `${client.clientName ?? client.clientId} on ${deviceFrom(context.get("user-agent"))}`;
    const expiresAt = Date.now() + token.expiration * 1000;
    const current = { accessToken: body.access_token, refreshToken: body.refresh_token ?? null, expiresAt, used: false };
    const session: AuthSession = {
      id,
      kind: "oauth2",
      localpart,
      deviceId,
      scope,
      clientId: client.clientId,
      name,
      current,
      previousRefreshToken: null,
    };
    if (deviceId !== null) await this.#link.upsertDevice(localpart, deviceId, name);
    this.#store.setPair(session, current, null);
    this.#store.sessions.set(id, session);
  }

  /** The device goes with the last session that has it. */
  #ended(sessionId: string): void {
    const session = this.#store.sessions.get(sessionId);
    if (session === undefined) return;
    this.#store.sessions.delete(sessionId);
    const { localpart, deviceId } = session;
    if (deviceId === null || this.sessionsOf(localpart).some((other) => other.deviceId === deviceId)) return;
    this.#ending = this.#ending.then(() => this.#link.deleteDevice(localpart, deviceId));
  }
}

/** What MAS 1.22 lists. */
const ACCOUNT_ACTIONS = [
  "org.matrix.profile",
  "org.matrix.devices_list",
  "org.matrix.device_view",
  "org.matrix.device_delete",
  "org.matrix.cross_signing_reset",
  "org.matrix.sessions_list",
  "org.matrix.session_view",
  "org.matrix.session_end",
];

const NOT_YET = ["authorization_pending", "slow_down", "access_denied", "expired_token"];

/** What the account page makes of a User-Agent: the first of two parts in brackets, or nothing it knows. */
function deviceFrom(userAgent: string): string {
  return /^[^(]*\(([^;)]+);[^;)]+\)/.exec(userAgent)?.[1] ?? "Unknown device";
}
