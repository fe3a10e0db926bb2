import type { IncomingMessage } from "node:http";
import type Provider from "oidc-provider";
import type { InteractionResults, KoaContextWithOIDC } from "oidc-provider";
import { sharedSecret } from "./homeserver.ts";
import type { AuthServiceSettings } from "./provider.ts";
import { HOMESERVER } from "./provider.ts";
import { consentPage, page, registerPage, signInPage, unexpectedErrorPage } from "./pages.ts";
import { bothNames, homeserverScopes, readScope } from "./scopes.ts";
import type { AuthSessions } from "./sessions.ts";

type Context = Pick<
  KoaContextWithOIDC,
  "method" | "path" | "query" | "req" | "res" | "status" | "type" | "body" | "redirect" | "respond" | "get"
>;

/** What the pages need. */
export interface RouteParts {
  provider: Provider;
  sessions: AuthSessions;
  settings: AuthServiceSettings;
  serverName: string;
  /** Makes an account, also at the homeserver. @throws Error when the name is taken */
  register: (localpart: string, password: string) => Promise<void>;
}

/** What Synapse asks about a token. A question of anybody else's is refused. */
export async function introspect(context: Context, sessions: AuthSessions): Promise<void> {
  if (context.get("authorization") !== `Bearer ${sharedSecret}`) {
    context.status = 401;
    context.body = { error: "invalid_client" };
    return;
  }
  const token = (await readForm(context.req)).get("token") ?? "";
  const session = sessions.use(token);
  context.body = session
    ? {
        active: true,
        scope: bothNames(session.scope),
        username: session.localpart,
        sub: session.localpart,
        client_id: session.clientId,
        expires_in: Math.ceil((session.current.expiresAt - Date.now()) / 1000),
      }
    : { active: false };
}

/**
 * The start of an authorization. Scopes that the policy refuses end in an error page. `prompt` has no effect but
 * `create`, which leads to the page where one creates an account.
 * @returns true when the request ends here
 */
export function beginAuthorization(context: Context & { url: string; querystring: string }): boolean {
  const query = new URLSearchParams(context.querystring);
  if (query.has("client_id") && readScope(query.get("scope") ?? "") === null) {
    unexpectedError(context);
    return true;
  }
  if (query.get("prompt") === "create") query.set("page", "create");
  query.delete("prompt");
  context.querystring = query.toString();
  return false;
}

/** The pages between the start of an authorization and its end. */
export async function interact(context: Context, parts: RouteParts): Promise<void> {
  const { provider, sessions, settings } = parts;
  const details = await provider.interactionDetails(context.req, context.res);
  const form = context.method === "POST" ? await readForm(context.req) : null;
  const finish = async (result: InteractionResults): Promise<void> => {
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, result);
  };
  const asked = homeserverScopes(typeof details.params.scope === "string" ? details.params.scope : "");
  const other = context.query.account === "other";
  context.type = "html";

  const localpart = details.session?.accountId;
  if (details.prompt.name !== "login" && localpart !== undefined && !other) {
    const client = await provider.Client.find(String(details.params.client_id));
    if (form === null) {
      context.body = consentPage({ client: client?.clientName ?? "?", userId: `@${localpart}:${parts.serverName}`, scope: asked });
    } else if (form.get("action") === "cancel") {
      await finish({ error: "access_denied", error_description: "the person cancelled" });
    } else if (form.get("action") === "other") {
      context.redirect("?account=other");
    } else if (readScope(asked)?.admin === true && sessions.users.get(localpart)?.mayAskForAdmin !== true) {
      unexpectedError(context);
    } else {
      const grant = new provider.Grant({ accountId: localpart, clientId: String(details.params.client_id) });
      grant.addResourceScope(HOMESERVER, asked);
      await finish({ consent: { grantId: await grant.save() } });
    }
    return;
  }

  const create = settings.registration && (details.params.page === "create" || context.query.page === "create") && !other;
  const show = (name: string, problem: string | null): void => {
    context.body = create ? registerPage({ name, problem }) : signInPage({ name, problem, registration: settings.registration });
  };
  if (form === null) return show(hintedName(details.params.login_hint, parts.serverName), null);
  const name = form.get("username") ?? "";
  const password = form.get("password") ?? "";
  if (create) {
    try {
      await parts.register(name, password);
    } catch (error) {
      return show(name, String(error));
    }
  }
  const user = sessions.users.get(name);
  if (user === undefined || user.deactivated || user.password !== password) return show(name, "Invalid credentials");
  if (details.session !== undefined) {
    await (await provider.Session.findByUid(details.session.uid))?.destroy();
    delete details.session;
    await details.save(3600);
  }
  await finish({ login: { accountId: name } });
}

/** `mxid:@name:server` of this server, or nothing. */
function hintedName(hint: unknown, serverName: string): string {
  const found = typeof hint === "string" ? /^mxid:@([^:]+):(.+)$/.exec(hint) : null;
  return found?.[2] === serverName ? (found[1] ?? "") : "";
}

function unexpectedError(context: Context): void {
  context.status = 500;
  context.type = "html";
  context.body = unexpectedErrorPage();
}

/** Says that there is nothing at an address. */
export function notFound(context: Context, text: string): void {
  context.status = 404;
  context.type = "html";
  context.body = page("Something went wrong", `<p role="alert">${text}</p>`);
}

/** Reads a form that was sent. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

/** The object in the body of a request; an empty one where there is none. */
export async function readJson({ req }: Pick<Context, "req">): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}
