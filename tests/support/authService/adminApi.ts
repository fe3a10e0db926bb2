import { createHash } from "node:crypto";
import type { KoaContextWithOIDC } from "oidc-provider";
import { readJson } from "./routes.ts";
import type { AuthSession, AuthSessions, AuthUser, OtherSession, RegistrationToken, UpstreamLink } from "./sessions.ts";

type Context = Pick<KoaContextWithOIDC, "method" | "path" | "query" | "req" | "status" | "body" | "get">;

/** What the admin API does things with. */
export interface AdminApiParts {
  sessions: AuthSessions;
  /** `off`: not exposed, as by default. `old`: older than 1.3. */
  adminApi: "on" | "off" | "old";
  deactivate: (localpart: string, erase: boolean) => Promise<void>;
  reactivate: (localpart: string) => Promise<void>;
  endSession: (session: AuthSession) => Promise<void>;
  create: (localpart: string, displayName: string | undefined) => Promise<AuthUser>;
  setEmails: (user: AuthUser, emails: string[]) => Promise<void>;
}

const PREFIX = "/api/admin/v1/";
const SCOPE = "urn:mas:admin";
const EPOCH = "1970-01-01T00:00:00Z";
/** The one provider of single sign-on that there is. */
export const PROVIDER_ID = "01FSHN9AG0AJ6AC5HQ9X6H4RP4";

/**
 * The admin API, as far as Steward asks it: a stand-in made from the published description of MAS' own (its OpenAPI document and
 * what its sentences look like), never run against a MAS. Where a real one has ULIDs, this one has hashes as long.
 */
export async function adminApi(context: Context, parts: AdminApiParts): Promise<void> {
  const { sessions } = parts;
  const fail = (status: number, title: string): void => {
    context.status = status;
    context.body = { errors: [{ title }] };
  };
  if (parts.adminApi === "off") return void (context.status = 404);
  const session = sessions.use(context.get("authorization").replace(/^Bearer /, ""));
  if (session === undefined) return fail(401, "Invalid token");
  if (!session.scope.split(" ").includes(SCOPE)) return fail(403, "Missing admin scope");
  const [kind = "", id = "", action = ""] = context.path.slice(PREFIX.length).split("/").map(decodeURIComponent);
  const byId = (wanted: string): AuthUser | undefined => [...sessions.users.values()].find((user) => idOf(user.localpart) === wanted);

  if (kind === "site-config" && parts.adminApi === "on") {
    context.body = { server_name: "oauth.test", password_login_enabled: true, minimum_password_complexity: 3 };
    return;
  }
  if (kind === "upstream-oauth-providers") {
    const attributes = { issuer: "https://idp.test/", human_name: "Company login", brand_name: null, disabled_at: null };
    context.body = { data: [{ type: "upstream-oauth-provider", id: PROVIDER_ID, attributes, links: {} }], links: {} };
    return;
  }
  if (kind === "upstream-oauth-links") return upstreamLinks(context, sessions, id, byId, fail);
  if (kind === "personal-sessions" || kind === "user-sessions")
    return otherSessions(context, sessions, kind === "user-sessions" ? "user" : "personal", id, action, fail);
  if (kind === "oauth2-sessions" || kind === "compat-sessions") {
    const all = sessions.all().filter((one) => kind === `${one.kind}-sessions`);
    if (id === "") {
      const mine = all.filter(({ localpart }) => idOf(localpart) === context.query["filter[user]"]);
      const data = mine.slice(0, Number(context.query["page[first]"] ?? 10)).map((one) => ({
        type: kind,
        id: idOf(one.id),
        attributes: one.kind === "compat" ? { device_id: one.deviceId } : { scope: one.scope },
        links: {},
      }));
      context.body = { meta: { count: mine.length }, data, links: {} };
      return;
    }
    const found = all.find((one) => idOf(one.id) === id);
    if (found === undefined || action !== "finish" || context.method !== "POST") return fail(404, "Session not found");
    await parts.endSession(found);
    context.body = { data: { type: kind, id, attributes: {}, links: {} }, links: {} };
    return;
  }
  const { method } = context;
  if (kind === "user-emails") {
    const listed = [...sessions.users.values()].flatMap((user) => user.emails.map((email) => ({ user, email, id: idOf(email) })));
    if (method === "POST") {
      const { user_id: owner, email } = (await readJson(context)) as { user_id: string; email: string };
      const user = byId(owner);
      if (user === undefined) return fail(404, `User ID ${owner} not found`);
      if (listed.some((one) => one.email === email)) return fail(409, `User email "${email}" already in use`);
      await parts.setEmails(user, [...user.emails, email]);
      context.status = 201;
      context.body = { data: { type: "user-email", id: idOf(email), attributes: { email, user_id: owner }, links: {} }, links: {} };
      return;
    }
    if (method === "DELETE") {
      const found = listed.find((one) => one.id === id);
      if (found === undefined) return fail(404, "User email not found");
      await parts.setEmails(
        found.user,
        found.user.emails.filter((email) => email !== found.email),
      );
      context.status = 204;
      return;
    }
    const mine = listed.filter(({ user }) => idOf(user.localpart) === context.query["filter[user]"]);
    const data = mine.map(({ email, id: emailId }) => ({ type: "user-email", id: emailId, attributes: { email }, links: {} }));
    context.body = { meta: { count: data.length }, data, links: {} };
    return;
  }
  if (kind === "user-registration-tokens") return registrationTokens(context, sessions, id, action, fail);
  if (kind !== "users") return void (context.status = 404);
  if (id === "" && method === "POST") {
    const { username, displayname } = (await readJson(context)) as { username: string; displayname?: string };
    if (!/^[a-z0-9._=/-]+$/.test(username)) return fail(400, "Username is not valid");
    if (sessions.users.has(username)) return fail(409, "User already exists");
    context.status = 201;
    context.body = { data: resource(await parts.create(username, displayname)), links: {} };
    return;
  }
  if (id === "") {
    const data = [...sessions.users.values()].filter(
      ({ mayAskForAdmin, locked, deactivated }) => mayAskForAdmin && !locked && !deactivated,
    );
    context.body = {
      meta: { count: data.length },
      data: data.slice(0, Number(context.query["page[first]"] ?? 10)).map(resource),
      links: {},
    };
    return;
  }
  const user = id === "by-username" ? sessions.users.get(action) : byId(id);
  if (user === undefined) return fail(404, id === "by-username" ? `User with username "${action}" not found` : `User ID ${id} not found`);
  if (context.method === "POST") {
    const body = await readJson(context);
    if (action === "set-password") {
      const password = String(body["password"]);
      if (password.length < 12 && body["skip_password_check"] !== true) return fail(400, "Password is too weak");
      user.password = password;
      context.status = 204;
      return;
    }
    if (action === "set-admin") user.mayAskForAdmin = body["admin"] === true;
    else if (action === "lock" || action === "unlock") user.locked = action === "lock";
    else if (action === "deactivate") await parts.deactivate(user.localpart, body["skip_erase"] !== true);
    else if (action === "reactivate") await parts.reactivate(user.localpart);
    else return void (context.status = 404);
  }
  context.body = { data: resource(user), links: {} };
}

const idOf = (name: string): string => createHash("sha256").update(name).digest("hex").slice(0, 26).toUpperCase();

function resource({ localpart, mayAskForAdmin, locked, deactivated, createdAt }: AuthUser): object {
  const attributes = {
    username: localpart,
    created_at: new Date(createdAt).toISOString(),
    locked_at: locked ? EPOCH : null,
    deactivated_at: deactivated ? EPOCH : null,
    admin: mayAskForAdmin,
    legacy_guest: false,
  };
  return { type: "user", id: idOf(localpart), attributes, links: {} };
}

async function registrationTokens(
  context: Context,
  { registrationTokens: tokens }: AuthSessions,
  id: string,
  action: string,
  fail: (status: number, title: string) => void,
): Promise<void> {
  const resourceOf = (one: RegistrationToken): object => ({
    type: "user-registration_token",
    id: idOf(one.token),
    attributes: { ...one, times_used: 0 },
    links: {},
  });
  if (context.method === "PUT") {
    const changed = tokens.find(({ token }) => idOf(token) === id);
    if (changed === undefined) return fail(404, `Registration token with ID ${id} not found`);
    Object.assign(changed, await readJson(context));
    context.body = { data: resourceOf(changed), links: {} };
    return;
  }
  if (context.method !== "POST") {
    context.body = { meta: { count: tokens.length }, data: tokens.map(resourceOf), links: {} };
    return;
  }
  if (id === "") {
    const asked = (await readJson(context)) as Omit<RegistrationToken, "revoked_at">;
    if (tokens.some(({ token }) => token === asked.token)) return fail(409, "A registration token with the same token already exists");
    const made = { token: asked.token, usage_limit: asked.usage_limit, expires_at: asked.expires_at, revoked_at: null };
    tokens.push(made);
    context.status = 201;
    context.body = { data: resourceOf(made), links: {} };
    return;
  }
  const found = tokens.find(({ token }) => idOf(token) === id);
  if (found === undefined || action !== "revoke") return fail(404, `Registration token with ID ${id} not found`);
  found.revoked_at = EPOCH;
  context.body = { data: resourceOf(found), links: {} };
}

type Fail = (status: number, title: string) => void;

async function upstreamLinks(
  context: Context,
  { upstreamLinks: links }: AuthSessions,
  id: string,
  byId: (id: string) => AuthUser | undefined,
  fail: Fail,
): Promise<void> {
  const linkId = ({ provider_id: provider, subject }: UpstreamLink): string => idOf(`${provider} ${subject}`);
  const resourceOf = (link: UpstreamLink): object => ({
    type: "upstream-oauth-link",
    id: linkId(link),
    attributes: { provider_id: link.provider_id, subject: link.subject, user_id: idOf(link.localpart), human_account_name: null },
    links: {},
  });
  if (context.method === "POST") {
    const asked = (await readJson(context)) as { user_id: string; provider_id: string; subject: string };
    const user = byId(asked.user_id);
    if (user === undefined || asked.provider_id !== PROVIDER_ID) return fail(404, "User or provider not found");
    if (links.some((link) => link.localpart === user.localpart)) return fail(409, "User already has an upstream link for this provider");
    const made = { provider_id: asked.provider_id, subject: asked.subject, localpart: user.localpart };
    links.push(made);
    context.status = 201;
    context.body = { data: resourceOf(made), links: {} };
    return;
  }
  if (context.method === "DELETE") {
    const at = links.findIndex((link) => linkId(link) === id);
    if (at < 0) return fail(404, "Upstream link not found");
    links.splice(at, 1);
    context.status = 204;
    return;
  }
  const { query } = context;
  const fits = (link: UpstreamLink): boolean =>
    (query["filter[user]"] === undefined || query["filter[user]"] === idOf(link.localpart)) &&
    (query["filter[subject]"] === undefined || query["filter[subject]"] === link.subject);
  context.body = { data: links.filter(fits).map(resourceOf), links: {} };
}

function otherSessions(context: Context, all: AuthSessions, kind: OtherSession["kind"], id: string, action: string, fail: Fail): void {
  const sessionId = (one: OtherSession): string => idOf(`${one.kind} ${one.localpart} ${one.name}`);
  const found = all.otherSessions.find((one) => one.kind === kind && sessionId(one) === id);
  if (id !== "") {
    if (found === undefined || action !== (kind === "user" ? "finish" : "revoke")) return fail(404, "Session not found");
    all.otherSessions.splice(all.otherSessions.indexOf(found), 1);
    context.body = { data: { type: `${kind}-session`, id, attributes: {}, links: {} }, links: {} };
    return;
  }
  const owner = context.query[kind === "user" ? "filter[user]" : "filter[owner_user]"];
  const mine = all.otherSessions.filter((one) => one.kind === kind && idOf(one.localpart) === owner);
  const data = mine.map((one) => ({
    type: `${kind}-session`,
    id: sessionId(one),
    attributes: { [kind === "user" ? "user_agent" : "human_name"]: one.name, last_active_ip: "192.0.2.7", last_active_at: EPOCH },
    links: {},
  }));
  context.body = { data, links: {} };
}
