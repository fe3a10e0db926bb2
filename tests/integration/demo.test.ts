import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DemoAccount, demoPage, MAILS_PATH, mailsPage, SINGLE_SIGN_ON } from "../../build/demoPage.ts";
import { type DemoServer, startDemoServer, toldAtStart } from "../../build/demoServer.ts";
import { DEMO_USERS } from "../../build/demoUsers.ts";
import { login, matrixCall, matrixOk, type Tokens } from "../support/matrixApi.ts";
import { startSdkSession } from "../support/sdkSession.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let homeserverFolder: string;
let demo: DemoServer;

beforeAll(async () => {
  folder = await temporaryFolder("demo");
  homeserverFolder = join(folder.path, "homeserver");
  await mkdir(homeserverFolder);
  demo = await startDemoServer(homeserverFolder);
});
afterAll(async () => {
  await demo?.stop();
  await folder.remove();
});

const page = async (): Promise<string> => (await fetch(demo.mailboxPage)).text();
const mails = async (): Promise<string> => (await fetch(new URL(MAILS_PATH, demo.mailboxPage))).text();

/** The account as the demo tells of it. */
function account(name: string): DemoAccount {
  const found = demo.accounts.find(({ user }) => user === name);
  if (!found) throw new Error(`the demo has no ${name}`);
  return found;
}

function signIn(name: string): Promise<Tokens> {
  const { user, password } = account(name);
  return login(demo.homeserver, user, password);
}

describe("the demo", () => {
  test("has four accounts, of which one is the admin of many users and one has 30 sessions", async () => {
    const ada = await signIn("ada");
    const about = async (path: string) => matrixOk(demo.homeserver, { path: `/_synapse/admin${path}`, token: ada.accessToken });
    type User = { name: string; displayname: string; admin: boolean; deactivated: boolean; locked: boolean };
    const { users, total } = (await about("/v2/users?deactivated=true&locked=true&limit=1000")) as { users: User[]; total: number };
    expect(total).toBe(DEMO_USERS + 4);
    expect(
      users.filter(({ name }) => /^@\w+:/.test(name) && !name.startsWith("@telegram_")).map((user) => [user.displayname, user.admin]),
    ).toEqual([
      ["Ada", true],
      ["Ben", false],
      ["Cleo", false],
      ["Dan", false],
    ]);
    const counts = [users.filter((user) => user.deactivated), users.filter((user) => user.locked)].map(({ length }) => length);
    expect(counts).toEqual([8, 5]);
    expect(demo.accounts.map(({ user }) => user)).toEqual(["ada", "ben", "cleo", "dan"]);
    const sessionsOf = async (name: string): Promise<number> => {
      const userId = ada.userId.replace("@ada:", `@${name}:`);
      return (await about(`/v2/users/${encodeURIComponent(userId)}/devices`)).total;
    };
    // Ada's is the one that asks; Ben's is that of the client that set up his Secure Backup.
    const sessions = { ada: await sessionsOf("ada"), ben: await sessionsOf("ben"), cleo: await sessionsOf("cleo") };
    expect(sessions).toEqual({ ada: 1, ben: 1, cleo: 30 });
    expect(account("ada").about).toContain("admin");
    expect(account("cleo").about).toContain("30 sessions");
  });

  test.each(["ben", "cleo", "dan"])("lets %s in, who is no admin", async (name) => {
    const { accessToken: token, userId } = await signIn(name);
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`;
    expect((await matrixCall(demo.homeserver, { path, token })).status).toBe(403);
  });

  test("has a Secure Backup that the shown key opens, and the shown phrase", async () => {
    const { user, password, securityKey, securityPhrase } = account("ben");
    const text = await page();
    for (const unlock of [{ securityKey: securityKey ?? "" }, { securityPhrase: securityPhrase ?? "" }]) {
      expect(text).toContain(Object.values(unlock)[0]);
      const session = await startSdkSession({ baseUrl: demo.homeserver, user, password });
      try {
        expect(await session.openBackupWith(unlock)).toMatchObject({
          sessionVerified: true,
          roomKeys: { inBackup: 12, restored: 12 },
        });
      } finally {
        session.stop();
      }
    }
    expect(demo.accounts.filter((other) => other.securityKey !== undefined)).toHaveLength(1);
  });

  test("offers single sign-on, and signs the accounts in at the start", async () => {
    const { flows } = (await matrixOk(demo.homeserver, { path: "/_matrix/client/v3/login" })) as {
      flows: { type: string; identity_providers?: { name: string }[] }[];
    };
    const providers = flows.find(({ type }) => type === "m.login.sso")?.identity_providers;
    expect(providers?.map(({ name }) => name)).toEqual([SINGLE_SIGN_ON]);
    const told = toldAtStart(demo);
    expect(told.accounts.map(({ user }) => user)).toEqual(["ada", "ben", "cleo", "dan"]);
    expect(told.page).toBe(demo.mailboxPage);
  });

  test("has a mailbox page with the accounts, and with every mail that was sent", async () => {
    const before = await fetch(demo.mailboxPage);
    expect(before.headers.get("content-security-policy")).toContain("default-src 'none'");
    const text = await before.text();
    expect(await mails()).toContain("No mails yet.");
    // It doesn’t load itself again: whoever reads it with the keyboard, or has it read, would start over each time.
    expect(text).toContain(`<iframe src="${MAILS_PATH}"`);
    expect(text).not.toContain("refresh");
    expect(text).toContain(`<code>${demo.homeserver}</code>`);
    for (const { user, password, about } of demo.accounts) {
      expect(text).toContain(`<tr><td><code>${user}</code><td><code>${password}</code><td>${about}`);
    }
    await matrixOk(demo.homeserver, {
      path: "/_matrix/client/v3/account/password/email/requestToken",
      body: { client_secret: "secret", email: "ada@example.org", send_attempt: 1 },
    });
    const withMail = async (): Promise<string | false> => {
      const now = await mails();
      return now.includes("To ada@example.org") && now;
    };
    const after = await waitUntil(withMail, { what: "the mail" });
    expect(after).toMatch(/<h3>[^<]*Password reset[^<]*<\/h3>/);
    const link = /<li><a rel="noreferrer" href="([^"]+)">/.exec(after)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(link.startsWith(`${demo.homeserver}/`)).toBe(true);
    expect((await fetch(link)).status).toBe(200);
    expect((await fetch(new URL("/other", demo.mailboxPage))).status).toBe(404);
  });

  test("lets no mail write the page", () => {
    const said = `<script>alert("x")</script> & 'so on'`;
    const words = { from: said, to: [said], subject: said, text: said, html: said, links: [said] };
    const mail = { ...words, receivedAt: new Date() };
    const accounts = [{ user: said, password: said, signedIn: true, about: said, securityKey: said, securityPhrase: said }];
    const html = demoPage({ homeserver: said, accounts }) + mailsPage([mail]);
    expect(html).not.toContain("<script");
    expect(html.split("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;so on&#39;")).toHaveLength(12);
  });

  test("leaves nothing when it ends", async () => {
    await demo.stop();
    await expect(fetch(demo.homeserver)).rejects.toThrow("fetch failed");
    await expect(fetch(demo.mailboxPage)).rejects.toThrow("fetch failed");
    expect(existsSync(homeserverFolder)).toBe(false);
  });
});
