/** Makes a text safe to be put into HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A page of the authorization server. @param body HTML */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<h1>${escapeHtml(title)}</h1>
<p><small>The tests' authorization server</small></p>
${body}</html>`;
}

const error = (text: string | null): string => (text === null ? "" : `<p role="alert">${escapeHtml(text)}</p>`);

const nameAndPassword = (name: string): string => `
<label>Username <input name="username" value="${escapeHtml(name)}" required></label>
<label>Password <input name="password" type="password" required></label>
<button name="action" value="continue">Continue</button>`;

/** Where one signs in. */
export function signInPage(options: { name: string; problem: string | null; registration: boolean }): string {
  const register = options.registration ? `<p><a href="?page=create">Create account</a></p>` : "";
  return page("Sign in", `${error(options.problem)}<form method="post">${nameAndPassword(options.name)}</form>${register}`);
}

/** Where one creates an account. */
export function registerPage(options: { name: string; problem: string | null }): string {
  return page("Create account", `${error(options.problem)}<form method="post">${nameAndPassword(options.name)}</form>`);
}

/** Asks whether a client may have what it wants, and says whose account it would be. */
export function consentPage(options: { client: string; userId: string; scope: string }): string {
  const scopes = options.scope.split(" ").map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`);
  return page(
    `Allow access to your account?`,
    `
<p><b>${escapeHtml(options.client)}</b> wants to access the account <b>${escapeHtml(options.userId)}</b>.</p><ul>${scopes.join("")}</ul>
<form method="post"><button name="action" value="allow">Continue</button>
<button name="action" value="other">Use another account</button>
<button name="action" value="cancel">Cancel</button></form>`,
  );
}

/** The end of what the server's policy does not allow: with no way back. */
export function unexpectedErrorPage(): string {
  return page("Unexpected error", '<p role="alert">The server met an unexpected error.</p>');
}
