import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AccountEntry, AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import { request, type Shell, startShell } from "./shell.ts";

/** Accounts whose secrets are not there: they do not run, and their homeservers are known all the same. */
const known = [
  { accountId: "aaaaaaaaaaaaaaaa", baseUrl: "http://localhost:8008" },
  { accountId: "bbbbbbbbbbbbbbbb", baseUrl: "https://matrix.example" },
];

async function addAccounts(userData: string): Promise<void> {
  const index = new AccountIndex({
    path: new Folders(userData).accountIndexFile,
    onDamaged: () => undefined,
    onUnreadableEntries: () => undefined,
  });
  await index.load();
  for (const { accountId, baseUrl } of known) {
    const entry = {
      accountId,
      userId: `@${accountId.charAt(0)}:matrix.example`,
      deviceId: "DEVICE",
      homeserver: { serverName: "matrix.example", baseUrl },
      displayName: null,
      avatar: null,
      health: null,
      createdAt: 1,
    };
    await index.add(AccountEntry.parse(entry));
  }
}

interface Opened {
  opened: string[];
}

let userData: string;
let shell: Shell;
beforeAll(async () => {
  userData = await mkdtemp(join(tmpdir(), "steward-external-"));
  await addAccounts(userData);
  shell = await startShell({ userData });
}, 60_000);
afterAll(async () => {
  await shell.close();
  await rm(userData, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(() =>
  shell.app.evaluate(({ shell: electronShell }) => {
    const opened: string[] = [];
    (globalThis as unknown as Opened).opened = opened;
    electronShell.openExternal = (url) => Promise.resolve(void opened.push(url));
  }),
);

const opened = (): Promise<string[]> => shell.app.evaluate(() => (globalThis as unknown as Opened).opened);

describe("opening pages outside the app", () => {
  test("https is opened, as parsed", async () => {
    for (const [url, href] of [
      ["https://matrix.org", "https://matrix.org/"],
      ["HTTPS://Matrix.org/a?b#c", "https://matrix.org/a?b#c"],
    ]) {
      expect(await request(shell.page, "app.openExternal", { url })).toEqual({ ok: true, value: {} });
      expect((await opened()).at(-1)).toBe(href);
    }
  });

  test.each([
    "http://matrix.org/",
    "http://localhost:8008/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "smb://host/share",
    "ftp://host/",
    "mailto:a@b.example",
    "ms-settings:privacy",
    "steward://x",
    "app://steward/index.html",
    "\\\\host\\share",
    "/bin/sh",
    "https://user@matrix.org/",
    "https://user:pass@matrix.org/",
    " https://matrix.org",
    "java\nscript:alert(1)",
    "https:\\\\matrix.org",
    "",
  ])("%j is refused and nothing is opened", async (url) => {
    expect(await request(shell.page, "app.openExternal", { url })).toMatchObject({
      ok: false,
      error: { kind: "forbidden" },
    });
    expect(await opened()).toEqual([]);
  });

  const [plain, secure] = known.map(({ accountId }) => accountId);

  test("http is opened on the homeserver of the account named", async () => {
    const url = "http://localhost:8008/_matrix/static/?a=b#c";
    expect(await request(shell.page, "app.openExternal", { url, accountId: plain })).toEqual({ ok: true, value: {} });
    expect(await opened()).toEqual([url]);
  });

  test.each([
    ["http://localhost:8009/", plain],
    ["http://localhost/", plain],
    ["http://127.0.0.1:8008/", plain],
    ["http://localhost.example:8008/", plain],
    ["http://localhost:8008@matrix.org/", plain],
    ["http://localhost:8008/", secure],
    ["http://matrix.example/", secure],
    ["http://matrix.example:443/", secure],
    ["file://localhost:8008/etc/passwd", plain],
  ])("%j is not, for it is not on that one", async (url, accountId) => {
    expect(await request(shell.page, "app.openExternal", { url, accountId })).toMatchObject({
      ok: false,
      error: { kind: "forbidden" },
    });
    expect(await opened()).toEqual([]);
  });

  test("http in the name of an account that is not there is refused", async () => {
    const reply = await request(shell.page, "app.openExternal", {
      url: "http://localhost:8008/",
      accountId: "abcdefghijklmnop",
    });
    expect(reply).toMatchObject({ ok: false, error: { kind: expect.stringMatching(/^(forbidden|no_such_account)$/) } });
    expect(await opened()).toEqual([]);
  });
});
