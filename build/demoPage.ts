import type { Mail } from "../tests/support/mail.ts";

/** An account that whoever tries the demo may sign in to. */
export interface DemoAccount {
  /** The name to sign in with, on the demo's homeserver. */
  user: string;
  password: string;
  /** Whether the app opens with it signed in. */
  signedIn: boolean;
  /** Whether that is done by a code, where passwords are for the server's page alone. */
  byCode?: boolean;
  /** What is special about it. */
  about: string;
  /** What unlocks its Secure Backup, if it has one. */
  securityKey?: string;
  securityPhrase?: string;
}

/** What the homeserver's button says that leads to its single sign-on. */
export const SINGLE_SIGN_ON = "Demo sign-on";

/** What the demo's page shows. */
export interface DemoPageContent {
  homeserver: string;
  accounts: readonly DemoAccount[];
}

const STYLES = `<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem 1rem .3rem 0; vertical-align: top; }
  article { border-top: 1px solid #bbb; padding: .5rem 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h3, dl { margin: 0; } code { user-select: all; } :root { color-scheme: light dark; }
  iframe { width: 100%; height: 20rem; border: 1px solid #bbb; }
</style>`;

/** Where the mailbox's own page is. */
export const MAILS_PATH = "/mails";

/**
 * The mails that have arrived, in this order. The page loads itself again every five seconds; it is a frame of the demo's, so that
 * nobody loses their place there.
 */
export function mailsPage(mails: readonly Mail[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<base target="_blank">
<title>Mailbox</title>
${STYLES}
${mails.length === 0 ? "<p>No mails yet. What the homeserver sends arrives here.</p>" : mails.map(mailPart).join("\n")}
</html>
`;
}

/** The demo's page: what to try, the mailbox, and the accounts. */
export function demoPage({ homeserver, accounts }: DemoPageContent): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Steward demo</title>
${STYLES}
<h1>Steward demo</h1>
<h2>What to try</h2>
<ul>
<li>Steward opens with all four accounts. All accounts says what each one needs.
<li>In <code>ben</code>, unlock the Secure Backup with its Security Key, below. In <code>dan</code>, set one up.
<li>In <code>ada</code>, open Users: find somebody, change a name, reset a password. Bulk jobs does so for many.
<li>In <code>cleo</code>, sign out thirty sessions with one question.
<li>Add a fifth account by single sign-on: “${escape(SINGLE_SIGN_ON)}” opens a page where any name and any password will do.
<li>Create an account, or recover one: the mails arrive below.
<li>Sign in to <code>ben</code> elsewhere, with another client or another Steward: this one tells you at once, and asks whether it was you.
</ul>
<h2>Mailbox</h2>
<iframe src="${MAILS_PATH}" title="Mailbox"></iframe>
<h2>Accounts to try</h2>
<p>Homeserver: <code>${escape(homeserver)}</code></p>
<table>
<tr><th>User name<th>Password<th>What it is
${accounts.map(accountRow).join("\n")}
</table>
</html>
`;
}

function mailPart({ subject, to, receivedAt, text, links }: Mail): string {
  const linkList = links.map((link) => `<li><a rel="noreferrer" href="${escape(link)}">${escape(link)}</a>`).join("");
  return `<article>
<h3>${escape(subject)}</h3>
<p>To ${escape(to.join(", "))}, ${escape(receivedAt.toLocaleTimeString())}</p>
<pre>${escape(text)}</pre>
${linkList && `<p>Links in it:</p><ul>${linkList}</ul>`}
</article>`;
}

function accountRow({ user, password, about, securityKey, securityPhrase }: DemoAccount): string {
  const unlock = [
    securityKey === undefined ? "" : `<br>Security Key: <code>${escape(securityKey)}</code>`,
    securityPhrase === undefined ? "" : `<br>Security Phrase: <code>${escape(securityPhrase)}</code>`,
  ].join("");
  return `<tr><td><code>${escape(user)}</code><td><code>${escape(password)}</code><td>${escape(about)}${unlock}`;
}

/** Makes text that a mail or a person wrote safe to stand in HTML, in an attribute too. */
function escape(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? "");
}
