import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { request, type Shell, startShell } from "./shell.ts";

interface Opened {
  opened: string[];
}

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
}, 60_000);
afterAll(() => shell.close());
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

  test("http in the name of an account that is not there is refused", async () => {
    const reply = await request(shell.page, "app.openExternal", {
      url: "http://localhost:8008/",
      accountId: "abcdefghijklmnop",
    });
    expect(reply).toMatchObject({ ok: false, error: { kind: expect.stringMatching(/^(forbidden|no_such_account)$/) } });
    expect(await opened()).toEqual([]);
  });
});
