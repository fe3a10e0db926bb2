import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { HomeserverLink } from "./homeserver.ts";
import { escapeHtml, page, signInPage } from "./pages.ts";
import { readForm } from "./routes.ts";
import type { AuthSession, AuthUser } from "./sessions.ts";

/** What the account page shows and changes. */
export interface AccountPageParts {
  provider: Provider;
  link: HomeserverLink;
  actions: readonly string[];
  user: (localpart: string) => AuthUser | undefined;
  sessionsOf: (localpart: string) => AuthSession[];
  endSession: (session: AuthSession) => Promise<void>;
  deactivate: (localpart: string) => Promise<void>;
}

/**
 * The page where a person manages their account. It is that of whoever is signed in in the browser, whoever was expected.
 * An action that is not listed ends in an error page.
 */
export async function accountPage(context: KoaContextWithOIDC, parts: AccountPageParts): Promise<void> {
  context.type = "html";
  const session = await parts.provider.Session.get(context);
  const form = context.method === "POST" ? await readForm(context.req) : null;
  const user = session.accountId === undefined ? undefined : parts.user(session.accountId);
  if (user === undefined || user.deactivated) {
    const [name, password] = [form?.get("username") ?? "", form?.get("password") ?? ""];
    const found = parts.user(name);
    if (found === undefined || found.deactivated || found.password !== password) {
      context.body = signInPage({ name, problem: form === null ? null : "Invalid credentials", registration: false });
      return;
    }
    session.loginAccount({ accountId: name, loginTs: Math.floor(Date.now() / 1000) });
    await session.save(3600);
    context.cookies.set(parts.provider.cookieName("session"), session.jti, { httpOnly: true, sameSite: "lax" });
    return context.redirect(context.url);
  }
  await act(context, form, user, parts);
}

async function act(
  context: KoaContextWithOIDC,
  form: URLSearchParams | null,
  user: AuthUser,
  { link, actions, sessionsOf, endSession, deactivate }: AccountPageParts,
): Promise<void> {
  const [action] = [context.query.action].flat();
  const fail = (title: string): void => void (context.body = page(title, '<p role="alert">Nothing was changed.</p>'));
  if (action !== undefined && !actions.includes(action)) return fail("Something went wrong");
  switch (action) {
    case "org.matrix.device_view":
    case "org.matrix.device_delete":
    case "org.matrix.session_view":
    case "org.matrix.session_end": {
      const session = sessionsOf(user.localpart).find(({ deviceId }) => deviceId === context.query.device_id);
      if (session === undefined) return fail("Cannot find session");
      if (form?.get("action") !== "remove") {
        context.body = page(session.name, `<form method="post"><button name="action" value="remove">Remove device</button></form>`);
        return;
      }
      await endSession(session);
      context.body = page("Device removed", "<p>It is signed out.</p>");
      return;
    }
    case "org.matrix.cross_signing_reset":
      if (form?.get("action") !== "reset") {
        context.body = page("Reset your identity?", `<form method="post"><button name="action" value="reset">Finish reset</button></form>`);
        return;
      }
      await link.allowCrossSigningReset(user.localpart);
      context.body = page("Identity reset successful", "<p>Go back to your app.</p>");
      return;
    default:
      if (form?.get("action") !== "delete") {
        const names = sessionsOf(user.localpart).map(({ name }) => `<li>${escapeHtml(name)}</li>`);
        context.body = page(
          `Account of ${user.localpart}`,
          `<ul>${names.join("")}</ul><form method="post">
<label>Password <input name="password" type="password" required></label><button name="action" value="delete">Delete account</button></form>`,
        );
        return;
      }
      if (form.get("password") !== user.password) return fail("Wrong password");
      await deactivate(user.localpart);
      context.body = page("Account deleted", "<p>Nobody can sign in to it any more.</p>");
  }
}
