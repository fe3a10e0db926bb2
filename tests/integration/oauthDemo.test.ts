import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startOauthDemo } from "../../build/demoOauth.ts";
import { demoTable } from "../../build/demoServer.ts";
import { FormClient } from "../support/authService/formClient.ts";
import { matrixOk } from "../support/matrixApi.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

test("the OAuth demo has a homeserver with an authorization server, and accounts on it that its page knows", async () => {
  const folder = await temporaryFolder("demo");
  const dir = join(folder.path, "homeserver");
  await mkdir(dir);
  const demo = await startOauthDemo(dir);
  try {
    const metadata = await matrixOk(demo.homeserver, { path: "/_matrix/client/v1/auth_metadata" });
    const [page] = demo.pages;
    expect(page!.url).toBe(metadata.account_management_uri);
    for (const { user, password } of demo.accounts) {
      const browser = new FormClient();
      await browser.open(page!.url);
      expect((await browser.submit({ username: user, password })).html).toContain(`Account of ${user}`);
      expect(browser.page.html.includes("Another client")).toBe(user === "ada");
    }
    expect(demoTable(demo)).toContain(`Accounts:    ${page!.url}`);
  } finally {
    await demo.stop();
    await folder.remove();
  }
  expect(existsSync(dir)).toBe(false);
});
