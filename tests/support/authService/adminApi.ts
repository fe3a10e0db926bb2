import { createHash } from "node:crypto";
import type { KoaContextWithOIDC } from "oidc-provider";
import { readJson } from "./routes.ts";
import type { AuthSession, AuthSessions, AuthUser } from "./sessions.ts";

type Context = Pick<KoaContextWithOIDC, "method" | "path" | "query" | "req" | "status" | "body" | "get">;

/** What the admin API does things with. */
export interface AdminApiParts {
  sessions: AuthSessions;
  /** `off`: not exposed, as by default. `old`: older than 1.3. */
  adminApi: "on" | "off" | "old";
  deactivate: (localpart: string, erase: boolean) => Promise<void>;
  reactivate: (localpart: string) => Promise<void>;
  endSession: (session: AuthSession) => Promise<void>;
}

const PREFIX = "/api/admin/v1/";
const SCOPE = "urn:mas:admin";
const EPOCH = "1970-01-01T00:00:00Z";

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
  if (kind === "oauth2-sessions" || kind === "compat-sessions" || kind === "user-sessions") {
    const all = sessions.all().filter((one) => kind === `${one.kind}-sessions`);
    if (id === "") {
      const mine = all.filter(({ localpart }) => idOf(localpart) === context.query["filter[user]"]);
      const data = mine.slice(0, Number(context.query["page[first]"] ?? 10)).map((one) => ({ type: kind, id: idOf(one.id), attributes: {}, links: {} }));
      context.body = { meta: { count: mine.length }, data, links: {} };
      return;
    }
    const found = all.find((one) => idOf(one.id) === id);
    if (found === undefined || action !== "finish" || context.method !== "POST") return fail(404, "Session not found");
    await parts.endSession(found);
    context.body = { data: { type: kind, id, attributes: {}, links: {} }, links: {} };
    return;
  }
  if (kind !== "users") return void (context.status = 404);
  if (id === "") {
    const data = [...sessions.users.values()].filter(({ mayAskForAdmin, locked, deactivated }) => mayAskForAdmin && !locked && !deactivated);
    context.body = { meta: { count: data.length }, data: data.slice(0, Number(context.query["page[first]"] ?? 10)).map(resource), links: {} };
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
    if (action === "lock" || action === "unlock") user.locked = action === "lock";
    else if (action === "deactivate") await parts.deactivate(user.localpart, body["skip_erase"] !== true);
    else if (action === "reactivate") await parts.reactivate(user.localpart);
    else return void (context.status = 404);
  }
  context.body = { data: resource(user), links: {} };
}

const idOf = (name: string): string => createHash("sha256").update(name).digest("hex").slice(0, 26).toUpperCase();

function resource({ localpart, mayAskForAdmin, locked, deactivated }: AuthUser): object {
  const attributes = {
    username: localpart,
    created_at: EPOCH,
    locked_at: locked ? EPOCH : null,
    deactivated_at: deactivated ? EPOCH : null,
    admin: mayAskForAdmin,
    legacy_guest: false,
  };
  return { type: "user", id: idOf(localpart), attributes, links: {} };
}
