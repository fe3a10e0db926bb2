import { createServer } from "node:http";
import { startMailbox, type Mail } from "../tests/support/mail.ts";
import { startOpenIdProvider } from "../tests/support/openIdProvider.ts";
import { freePort, listenLocally } from "../tests/support/ports.ts";
import { startSdkSession } from "../tests/support/sdkSession.ts";
import { startSynapse, type Synapse, type TestUser } from "../tests/support/synapse.ts";
import { type DemoAccount, demoPage, MAILS_PATH, mailsPage, SINGLE_SIGN_ON } from "./demoPage.ts";
import { DEMO_USERS, makeDemoUsers } from "./demoUsers.ts";
import type { AskedToAllow, ToldAtStart } from "./launch.ts";
import { say } from "./paths.ts";

/** Everything of a demo but the app. */
export interface Demo {
  homeserver: string;
  /** What there is to see in a browser: what it is, and where. */
  pages: readonly { name: string; url: string; note: string }[];
  /** The one that says what to try; null where there is none. */
  startPage: string | null;
  accounts: DemoAccount[];
  /** Allows a sign-in by code, as its user does on the server's page. Nobody is asked where there are passwords. */
  allow: (asked: AskedToAllow) => Promise<void>;
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
  const [mailbox, port] = [await startMailbox(), await freePort()];
  const publicBaseUrl = `http://127.0.0.1:${String(port)}/`;
  const provider = await startOpenIdProvider([`${publicBaseUrl}_synapse/client/oidc/callback`]);
  say("starting a local homeserver");
  const synapse = await startSynapse({
    dir,
    port,
    publicBaseUrl,
    mailPort: mailbox.port,
    enableRegistration: true,
    config: {
      oidc_providers: [provider.synapseConfig({ idpId: "demo", name: SINGLE_SIGN_ON })],
      // Without it there is one more page to press "Continue" on.
      sso: { client_whitelist: ["http://127.0.0.1:"] },
    },
  });
  say("making four accounts");
  const accounts = await seed(synapse);
  const homeserver = synapse.baseUrl;
  const page = createServer((request, response) => {
    const isMails = request.url === MAILS_PATH;
    if (request.url !== "/" && !isMails) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'",
    });
    response.end(isMails ? mailsPage(newestFirst(mailbox.messages)) : demoPage({ homeserver, accounts }));
  });
  const mailboxPage = `http://127.0.0.1:${await listenLocally(page)}/`;
  return {
    homeserver,
    mailboxPage,
    startPage: mailboxPage,
    pages: [{ name: "What to try", url: mailboxPage, note: "with the mailbox, and these accounts" }],
    accounts,
    allow: () => Promise.reject(new Error("there is no such page")),
    stop: async () => {
      page.closeAllConnections();
      page.close();
      await Promise.all([synapse.stop(), mailbox.stop(), provider.stop()]);
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
    { ...ada, signedIn: true, about: `server admin, of ${String(DEMO_USERS)} more users` },
    { ...ben, signedIn: true, about: "has a Secure Backup with 12 room keys", securityKey, securityPhrase },
    { ...cleo, signedIn: true, about: "30 sessions" },
    { ...dan, signedIn: true, about: "nothing set up, no email" },
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

/** What the app is told, so that it opens with the accounts signed in. */
export function toldAtStart({ homeserver, accounts, startPage }: Demo): ToldAtStart {
  const signedIn = accounts.filter((account) => account.signedIn);
  return {
    accounts: signedIn.map(({ user, password, byCode = false }) => ({ baseUrl: homeserver, user, password: byCode ? null : password })),
    page: startPage,
  };
}

/** What the person at the terminal needs to know. */
export function demoTable({ homeserver, pages, accounts }: Demo): string {
  const rows = [["User name", "Password", "What it is"], ...accounts.map(({ user, password, about }) => [user, password, about])];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
  const unlocks = accounts.flatMap(({ user, securityKey, securityPhrase }) =>
    securityKey === undefined
      ? []
      : [`Security Key of ${user}:    ${securityKey}`, `Security Phrase of ${user}: ${securityPhrase ?? "none"}`],
  );
  return [
    "",
    `Homeserver:  ${homeserver}`,
    ...pages.map(({ name, url, note }) => `${`${name}:`.padEnd(12)} ${url} (${note})`),
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
