import { createServer } from "node:http";
import { startMailbox, type Mail } from "../tests/support/mail.ts";
import { listenLocally } from "../tests/support/ports.ts";
import { startSdkSession } from "../tests/support/sdkSession.ts";
import { startSynapse, type Synapse, type TestUser } from "../tests/support/synapse.ts";
import { type DemoAccount, demoPage } from "./demoPage.ts";
import { DEMO_USERS, makeDemoUsers } from "./demoUsers.ts";
import { say } from "./paths.ts";

/** Everything of a demo but the app. */
export interface Demo {
  homeserver: string;
  /** What there is to see in a browser: what it is, and where. */
  pages: readonly { name: string; url: string; note: string }[];
  accounts: DemoAccount[];
  stop(): Promise<void>;
}

/** The demo whose homeserver does everything itself. */
export interface DemoServer extends Demo {
  mailboxPage: string;
}

/**
 * Starts a homeserver with four accounts and a mailbox with a page. Nothing of it is kept.
 *
 * @param dir an empty folder for the homeserver's data
 */
export async function startDemoServer(dir: string): Promise<DemoServer> {
  const mailbox = await startMailbox();
  say("starting a local homeserver");
  const synapse = await startSynapse({ dir, mailPort: mailbox.port, enableRegistration: true });
  say("making four accounts");
  const accounts = await seed(synapse);
  const homeserver = synapse.baseUrl;
  const page = createServer((request, response) => {
    if (request.url !== "/") return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    });
    response.end(demoPage({ homeserver, accounts, mails: newestFirst(mailbox.messages) }));
  });
  const mailboxPage = `http://127.0.0.1:${await listenLocally(page)}/`;
  return {
    homeserver,
    mailboxPage,
    pages: [{ name: "Mailbox", url: mailboxPage, note: "these accounts, too" }],
    accounts,
    stop: async () => {
      page.closeAllConnections();
      page.close();
      await Promise.all([synapse.stop(), mailbox.stop()]);
    },
  };
}

function newestFirst(mails: readonly Mail[]): Mail[] {
  return [...mails].reverse();
}

async function seed(synapse: Synapse): Promise<DemoAccount[]> {
  const ada = await synapse.register({ user: "ada", password: "ada likes lists", admin: true, displayName: "Ada" });
  const ben = await synapse.register({ user: "ben", password: "ben keeps keys", displayName: "Ben" });
  const cleo = await synapse.register({ user: "cleo", password: "cleo is everywhere", displayName: "Cleo" });
  const dan = await synapse.register({ user: "dan", password: "dan starts anew", displayName: "Dan" });
  say(`making ${String(DEMO_USERS)} users for the admin to look after`);
  await asAdmin(synapse, ada, async (token) => {
    await giveEmails(synapse, token, [ada, ben, cleo]);
    await makeDemoUsers(synapse, ada.userId.slice(ada.userId.indexOf(":") + 1), token);
  });
  const securityPhrase = "nine quiet herons by the old mill";
  const securityKey = await giveSecureBackup(synapse, ben, securityPhrase);
  await synapse.addSessions(cleo, 30);
  return [
    { ...ada, about: `server admin, of ${String(DEMO_USERS)} more users` },
    { ...ben, about: "has a Secure Backup with 12 room keys", securityKey, securityPhrase },
    { ...cleo, about: "30 sessions" },
    { ...dan, about: "nothing set up, no email" },
  ];
}

/** Done by the server's admin, in a session that ends with it: whom the tests use for it would stay on the server. */
async function asAdmin(synapse: Synapse, admin: TestUser, work: (token: string) => Promise<void>): Promise<void> {
  const { accessToken: token } = await synapse.login(admin.user, admin.password);
  await work(token);
  await synapse.call({ path: "/_matrix/client/v3/logout", token, body: {} });
}

async function giveEmails(synapse: Synapse, token: string, users: readonly TestUser[]): Promise<void> {
  for (const { user, userId } of users) {
    await synapse.call({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`,
      token,
      body: { threepids: [{ medium: "email", address: `${user}@example.org` }] },
    });
  }
}

/** Lets another client set up Secure Backup, as a person who comes from elsewhere has done. */
async function giveSecureBackup(
  synapse: Synapse,
  { user, password }: { user: string; password: string },
  securityPhrase: string,
): Promise<string> {
  const session = await startSdkSession({ baseUrl: synapse.baseUrl, user, password, deviceName: "Ben's phone" });
  try {
    const securityKey = await session.setUpSecureBackup({ securityPhrase });
    await session.sendRoomKeys(12);
    return securityKey;
  } finally {
    session.stop();
  }
}

/** What the person at the terminal needs to know. */
export function demoTable({ homeserver, pages, accounts }: Demo): string {
  const rows = [
    ["User name", "Password", "What it is"],
    ...accounts.map(({ user, password, about }) => [user, password, about]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd());
  const unlocks = accounts.flatMap(({ user, securityKey, securityPhrase }) =>
    securityKey === undefined
      ? []
      : [`Security Key of ${user}:    ${securityKey}`, `Security Phrase of ${user}: ${securityPhrase ?? "none"}`],
  );
  return [
    "",
    `Homeserver: ${homeserver}`,
    ...pages.map(({ name, url, note }) => `${`${name}:`.padEnd(11)} ${url} (${note})`),
    "",
    ...lines,
    "",
    ...unlocks,
    "",
    "Ctrl+C ends everything.",
    "",
    "",
  ].join("\n");
}
