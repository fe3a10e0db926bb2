import type { Mail } from "../tests/support/mail.ts";

/** An account that whoever tries the demo may sign in to. */
export interface DemoAccount {
  /** The name to sign in with, on the demo's homeserver. */
  user: string;
  password: string;
  /** What is special about it. */
  about: string;
  /** What unlocks its Secure Backup, if it has one. */
  securityKey?: string;
  securityPhrase?: string;
}

/** What the demo's page shows. */
export interface DemoPageContent {
  homeserver: string;
  accounts: readonly DemoAccount[];
  /** In the order in which they are shown. */
  mails: readonly Mail[];
}

/** The demo's page: the mails that have arrived, and the accounts to try. It loads itself again every five seconds. */
export function demoPage({ homeserver, accounts, mails }: DemoPageContent): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>Steward demo</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem 1rem .3rem 0; vertical-align: top; }
  article { border-top: 1px solid #bbb; padding: .5rem 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h3, dl { margin: 0; } code { user-select: all; } :root { color-scheme: light dark; }
</style>
<h1>Steward demo</h1>
<h2>Mailbox</h2>
${mails.length === 0 ? "<p>No mails yet. What the homeserver sends arrives here.</p>" : mails.map(mailPart).join("\n")}
<h2>What to try</h2>
<ul>
<li>Sign in as <code>ben</code> and unlock the Secure Backup with its Security Key; then sign in as <code>dan</code> and set one up.
<li>Sign in to all four, and look at All accounts: each says what it needs.
<li>As <code>ada</code>, open Users: find somebody, change a name, reset a password.
<li>Sign in as <code>cleo</code>, and sign out thirty sessions with one question.
<li>Create an account, or recover one: the mails arrive above.
</ul>
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
