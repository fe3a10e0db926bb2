import * as z from "zod";
import { fail, isFailure } from "../../../shared/errors.ts";
import type { ServiceSession } from "../../../shared/contract/serviceUsers.ts";
import type { Password } from "../../../shared/secret.ts";
import { anySignal } from "../../http/anySignal.ts";
import { homeserverOf } from "../../http/homeserverOf.ts";
import { lastAnswer } from "../../http/lostAnswer.ts";
import { stopOf } from "../../http/serverErrors.ts";
import { type AdminSession, answerIn } from "../adminApi.ts";
import {
  EmailPage,
  LinkPage,
  OneUser,
  OneUsername,
  OtherSessionPage,
  Page,
  ProviderPage,
  SessionPage,
  SiteConfig,
  TokenPage,
  type MasToken,
  type MasUser,
} from "./masAnswers.ts";

/** The kinds of sessions that it keeps: of clients, of clients that sign in the older way, and of browsers. */
const SESSION_KINDS = ["oauth2-sessions", "compat-sessions", "user-sessions"] as const;
const PAGE = "100";
/** Sessions that no homeserver hears of, what their user is called in a filter, and what ends them. Personal ones since MAS 1.5. */
const OTHER_SESSIONS = {
  browser: { path: "user-sessions", owner: "filter[user]", end: "finish" },
  personal: { path: "personal-sessions", owner: "filter[owner_user]", end: "revoke" },
} as const;
/** More pages of sessions than these nobody has. */
const MAX_PAGES = 100;

interface MasRequest<T extends z.ZodType> {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  path: readonly string[];
  query?: Readonly<Record<string, string>>;
  body?: object;
  schema: T;
  repeatable?: boolean;
}

export type { MasToken, MasUser } from "./masAnswers.ts";

/**
 * The admin API of the Matrix Authentication Service that an account's homeserver leaves its accounts to, as its published
 * description has it (`/api/admin/v1`). The account's token goes to the authorization server that gave it, and must have the
 * scope `urn:mas:admin`.
 *
 * Everything throws what the session throws; `forbidden` without the scope, `admin_api_not_exposed` where the service does not
 * let it be asked, `not_found`, and `server` with the service's own sentence.
 */
export class MasApi {
  readonly #session: AdminSession;
  readonly #until: AbortSignal | undefined;

  constructor(session: AdminSession, until?: AbortSignal) {
    this.#session = session;
    this.#until = until;
  }

  /** The same, whose requests end when a signal is aborted. */
  until(signal: AbortSignal): MasApi {
    return new MasApi(this.#session, signal);
  }

  /** @throws `not_found` where the service does not know the user, as those of bridges */
  async user(userId: string): Promise<MasUser> {
    const localpart = userId.slice(1, userId.indexOf(":"));
    return (await this.#request({ path: ["users", "by-username", localpart], schema: OneUser, repeatable: true })).data;
  }

  /**
   * Makes a user, whom the homeserver hears of a moment later.
   *
   * @throws `server` with the status 409 where there is one of that name, and 400 where nobody may have it
   */
  async create(username: string, displayName: string | null): Promise<MasUser> {
    const body = { username, ...(displayName !== null && { displayname: displayName }) };
    return (await this.#request({ method: "POST", path: ["users"], body, schema: OneUser })).data;
  }

  /** Whether a user may ask for the scopes of an admin. @returns the user as they are then */
  async setAdmin(id: string, admin: boolean): Promise<MasUser> {
    return (await this.#request({ method: "POST", path: ["users", id, "set-admin"], body: { admin }, schema: OneUser, repeatable: true }))
      .data;
  }

  /** The homeserver hears of it a moment later. @throws `server` with the status 409 where it is somebody's */
  async addEmail(id: string, email: string): Promise<void> {
    await this.#request({ method: "POST", path: ["user-emails"], body: { user_id: id, email }, schema: z.unknown() });
  }

  /** All addresses of a user, as they are written there. */
  async emails(id: string): Promise<string[]> {
    return (await this.#emailsOf(id)).map(({ attributes }) => attributes.email);
  }

  async hasEmail(id: string, email: string): Promise<boolean> {
    return (await this.#emailsLike(id, email)).length > 0;
  }

  /** Takes an email address off a user, if it is theirs. */
  async removeEmail(id: string, email: string): Promise<void> {
    for (const emailId of await this.#emailsLike(id, email)) {
      await this.#end("DELETE", "user-emails", emailId);
    }
  }

  /** All of them, also those that were used up or revoked. Since MAS 0.17. */
  async registrationTokens(): Promise<MasToken[]> {
    const all: MasToken[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const after = all.at(-1)?.id;
      const query = { "page[first]": PAGE, ...(after !== undefined && { "page[after]": after }) };
      const data = (await this.#request({ path: ["user-registration-tokens"], query, schema: TokenPage, repeatable: true })).data ?? [];
      all.push(...data);
      if (data.length < Number(PAGE)) break;
    }
    return all;
  }

  /** @param expiresAt milliseconds since 1970; null for never */
  async createRegistrationToken(token: string, usageLimit: number | null, expiresAt: number | null): Promise<void> {
    const body = { token, usage_limit: usageLimit, expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() };
    await this.#request({ method: "POST", path: ["user-registration-tokens"], body, schema: z.unknown() });
  }

  /** What is left out stays as it is. */
  async changeRegistrationToken(id: string, usageLimit: number | null | undefined, expiresAt: number | null | undefined): Promise<void> {
    const body = {
      ...(usageLimit !== undefined && { usage_limit: usageLimit }),
      ...(expiresAt !== undefined && { expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() }),
    };
    await this.#request({ method: "PUT", path: ["user-registration-tokens", id], body, schema: z.unknown(), repeatable: true });
  }

  /** It works no more. The service deletes none. */
  async revokeRegistrationToken(id: string): Promise<void> {
    await this.#end("POST", "user-registration-tokens", id, "revoke");
  }

  /** What the service calls an address of a user, in whichever case it is written there. */
  async #emailsLike(id: string, email: string): Promise<string[]> {
    return (await this.#emailsOf(id))
      .filter(({ attributes }) => attributes.email.toLowerCase() === email.toLowerCase())
      .map((one) => one.id);
  }

  /** Nobody has more than a page of them. */
  async #emailsOf(id: string) {
    const query = { "filter[user]": id, "page[first]": PAGE };
    return (await this.#request({ path: ["user-emails"], query, schema: EmailPage, repeatable: true })).data ?? [];
  }

  /** Doing any of these twice leaves things as they are after the first time. @returns the user as they are then */
  async change(id: string, action: "lock" | "unlock" | "reactivate"): Promise<MasUser> {
    return (await this.#request({ method: "POST", path: ["users", id, action], schema: OneUser, repeatable: true })).data;
  }

  /** The service erases unless it is told not to. @returns the user as they are then */
  async deactivate(id: string, erase: boolean): Promise<MasUser> {
    const body = { skip_erase: !erase };
    return (await this.#request({ method: "POST", path: ["users", id, "deactivate"], body, schema: OneUser })).data;
  }

  /** Ends no session. @throws `password_refused`, `not_allowed_by_server` where the service keeps no passwords */
  async setPassword(id: string, password: Password): Promise<void> {
    const body = { password, skip_password_check: false };
    try {
      await this.#request({ method: "POST", path: ["users", id, "set-password"], body, schema: z.unknown(), repeatable: true });
    } catch (thrown) {
      if (isFailure(thrown, "server") && thrown.error.status === 400) throw fail("password_refused", { reason: "weak" });
      if (isFailure(thrown, "forbidden")) throw fail("not_allowed_by_server");
      throw thrown;
    }
  }

  /** Ends the sessions of a user with these devices, or every one, of whichever kind. */
  async endSessions(id: string, devices: ReadonlySet<string> | null = null): Promise<void> {
    for (const kind of SESSION_KINDS) {
      const ends: string[] = [];
      let after: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const query = {
          "filter[user]": id,
          "filter[status]": "active",
          "page[first]": PAGE,
          ...(after !== undefined && { "page[after]": after }),
        };
        const data = (await this.#request({ path: [kind], query, schema: SessionPage, repeatable: true })).data ?? [];
        ends.push(
          ...data
            .filter(({ attributes }) => devices === null || devicesIn(attributes).some((device) => devices.has(device)))
            .map((one) => one.id),
        );
        after = data.at(-1)?.id;
        if (data.length < Number(PAGE)) break;
      }
      for (const session of ends) await this.#end("POST", kind, session, "finish");
    }
  }

  /** Whether a user has a session of any kind. Those of browsers have no device: no homeserver knows of them. */
  async hasSessions(id: string): Promise<boolean> {
    const query = { "filter[user]": id, "filter[status]": "active", "page[first]": "1" };
    for (const kind of SESSION_KINDS) {
      const { data } = await this.#request({ path: [kind], query, schema: SessionPage, repeatable: true });
      if ((data ?? []).length > 0) return true;
    }
    return false;
  }

  /** Those that have not ended and that no homeserver hears of, a page of each kind. */
  async otherSessions(id: string): Promise<ServiceSession[]> {
    const all: ServiceSession[] = [];
    for (const kind of ["browser", "personal"] as const) {
      const { path, owner } = OTHER_SESSIONS[kind];
      const query = { [owner]: id, "filter[status]": "active", "page[first]": PAGE };
      const asked = this.#request({ path: [path], query, schema: OtherSessionPage, repeatable: true });
      // Older services have no personal ones.
      const { data } = kind === "browser" ? await asked : await asked.catch(nothingIfNotThere);
      all.push(
        ...(data ?? []).map(({ id: sessionId, attributes }) => ({
          sessionId,
          kind,
          name: (attributes.human_name ?? attributes.user_agent ?? "").slice(0, 500) || null,
          lastSeenIp: attributes.last_active_ip?.slice(0, 100) || null,
          lastSeenAt: attributes.last_active_at == null ? null : Date.parse(attributes.last_active_at),
        })),
      );
    }
    return all;
  }

  async endOtherSession(kind: ServiceSession["kind"], sessionId: string): Promise<void> {
    const { path, end } = OTHER_SESSIONS[kind];
    await this.#end("POST", path, sessionId, end);
  }

  /** Whom providers of single sign-on know a user as. Since MAS 0.15. */
  async links(id: string): Promise<{ id: string; providerId: string; subject: string }[]> {
    const query = { "filter[user]": id, "page[first]": PAGE };
    const { data } = await this.#request({ path: ["upstream-oauth-links"], query, schema: LinkPage, repeatable: true });
    return (data ?? []).map((link) => ({ id: link.id, providerId: link.attributes.provider_id, subject: link.attributes.subject }));
  }

  /** Who is known to a provider as that; null for nobody. */
  async ownerOfLink(providerId: string, subject: string): Promise<{ id: string; username: string } | null> {
    const query = { "filter[provider]": providerId, "filter[subject]": subject, "page[first]": PAGE };
    const { data } = await this.#request({ path: ["upstream-oauth-links"], query, schema: LinkPage, repeatable: true });
    const found = (data ?? []).find(({ attributes: one }) => one.provider_id === providerId && one.subject === subject);
    const id = found?.attributes.user_id ?? null;
    if (id === null) return null;
    const { attributes } = (await this.#request({ path: ["users", id], schema: OneUsername, repeatable: true })).data;
    return { id, username: attributes.username };
  }

  /** @throws `server` with the status 409 where the user is linked to that provider already, `not_found` where there is no such provider */
  async addLink(id: string, providerId: string, subject: string): Promise<void> {
    const body = { user_id: id, provider_id: providerId, subject };
    await this.#request({ method: "POST", path: ["upstream-oauth-links"], body, schema: z.unknown() });
  }

  async removeLink(linkId: string): Promise<void> {
    await this.#end("DELETE", "upstream-oauth-links", linkId);
  }

  /** The providers of single sign-on, by the names that people see; those as well that are switched off. */
  async providers(): Promise<{ id: string; name: string; enabled: boolean }[]> {
    const query = { "page[first]": PAGE };
    const { data } = await this.#request({ path: ["upstream-oauth-providers"], query, schema: ProviderPage, repeatable: true });
    return (data ?? []).map(({ id, attributes: one }) => ({
      id,
      name: one.human_name ?? one.brand_name ?? one.issuer ?? id,
      enabled: one.disabled_at == null,
    }));
  }

  /** Whether nobody but this user may ask for the scopes of an admin, and is neither locked nor deactivated. */
  async isLastAdmin(id: string): Promise<boolean> {
    const query = { "filter[admin]": "true", "filter[status]": "active", "page[first]": "2" };
    const { data } = await this.#request({ path: ["users"], query, schema: Page, repeatable: true });
    return !(data ?? []).some((other) => other.id !== id);
  }

  /**
   * Whether the service can deactivate without erasing: older ones than 0.20 pass over what they are told and erase. One that tells
   * of its configuration is newer.
   */
  async canKeepProfile(): Promise<boolean> {
    return (await this.#siteConfig()) !== null;
  }

  /** Whether people sign in to the service with passwords; one that does not say so may keep some. */
  async takesPasswords(): Promise<boolean> {
    return (await this.#siteConfig())?.password_login_enabled ?? true;
  }

  /** Null where the service is older than 1.3, which does not tell. */
  async #siteConfig(): Promise<z.output<typeof SiteConfig> | null> {
    try {
      return await this.#request({ path: ["site-config"], schema: SiteConfig, repeatable: true });
    } catch (thrown) {
      if (isFailure(thrown, "not_found") || isFailure(thrown, "admin_api_not_exposed")) return null;
      throw thrown;
    }
  }

  /** Ends something. That it is over already, or by an earlier try that was not answered, is no error. */
  async #end(method: "POST" | "DELETE", ...path: string[]): Promise<void> {
    try {
      await this.#request({ method, path, schema: z.unknown(), repeatable: true });
    } catch (thrown) {
      if (!saysThatItIsOver(lastAnswer(thrown))) throw thrown;
    }
  }

  #request<T extends z.ZodType>({ path, schema, ...request }: MasRequest<T>): Promise<z.output<T>> {
    // A URL swallows these parts, however they are encoded.
    if (path.some((part) => part === "" || part === "." || part === "..")) throw fail("not_found");
    const at = `/api/admin/v1/${path.map(encodeURIComponent).join("/")}`;
    const until = this.#until;
    return this.#session.use(async (client, ended) => {
      const homeserver = homeserverOf(client);
      const both = until && anySignal(until, ended);
      const body = await homeserver
        .text({ ...request, path: at, at: "auth", elsewhere: "stay", signal: both?.signal ?? ended })
        .catch((thrown: unknown) => {
          throw until?.aborted ? stopOf(until) : thrown;
        })
        .finally(() => both?.release());
      return answerIn(body, request, schema, new URL(homeserver.authBaseUrl).host);
    });
  }
}

/** What the service answers about what is gone (404), finished (400) or revoked (409). */
function saysThatItIsOver(thrown: unknown): boolean {
  return isFailure(thrown, "not_found") || (isFailure(thrown, "server") && [400, 409].includes(thrown.error.status));
}

function nothingIfNotThere(thrown: unknown): { data: null } {
  if (isFailure(thrown, "not_found") || isFailure(thrown, "admin_api_not_exposed")) return { data: null };
  throw thrown;
}

/** The devices of a session: a client's scope names its own. */
function devicesIn({ scope, device_id: device }: { scope?: string | null | undefined; device_id?: string | null | undefined }): string[] {
  const inScope = (scope ?? "")
    .split(" ")
    .flatMap((name) => /^urn:matrix:(?:client|org\.matrix\.msc2967\.client):device:(.+)$/.exec(name)?.[1] ?? []);
  return device == null ? inScope : [...inScope, device];
}
