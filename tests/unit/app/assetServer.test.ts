import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AssetServer, createAssetServer, type Picture } from "../../../main/app/assetServer.ts";
import type { Logger } from "../../../main/logging/logger.ts";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Language } from "../../../shared/i18n/language.ts";
import { AccountId, DeviceId, ServerName, UserId } from "../../../shared/ids.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const accountId = "abcdefghijklmnop";
/** As the renderer's own page has it. */
const INDEX = `<!doctype html>
<html lang="en">
<link rel="stylesheet" href="main.css" /><script type="module" src="chunks/a-B_1.js"></script>
<script type="application/json" id="known-accounts">null</script>`;
let folder: string;
let known: Account[] | "locked" | null = null;
let picture: Picture | null = null;
let spoken: Language = "en";

const server = (): AssetServer =>
  createAssetServer({
    rendererDir: join(folder, "renderer"),
    knownAccounts: () => known,
    avatarOf: () => (picture ? Promise.resolve(picture) : Promise.reject(new Error("offline"))),
    language: () => spoken,
    crashedTexts: () => ({ language: spoken, title: "Oh <no>", text: "It stopped.", again: "Again.", report: "It’s here:" }),
    reportFolder: "/home/<me> & you",
    logger: silent,
  });
const ask = (url: string, method = "GET"): Promise<Response> => server()({ url, method });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-assets-"));
  await mkdir(join(folder, "renderer/chunks"), { recursive: true });
  await writeFile(join(folder, "secret.json"), "secret");
  await writeFile(join(folder, "renderer/index.html"), INDEX);
  await writeFile(join(folder, "renderer/chunks/a-B_1.js"), "1;");
  await writeFile(join(folder, "renderer/main.css"), "");
  await writeFile(join(folder, "renderer/.hidden.json"), "hidden");
  await writeFile(join(folder, "renderer/tool.exe"), "MZ");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("app:// assets", () => {
  test.each([
    ["app://steward/", "text/html; charset=utf-8"],
    ["app://steward/index.html?x=1#y", "text/html; charset=utf-8"],
    ["app://steward/chunks/a-B_1.js", "text/javascript; charset=utf-8"],
    ["app://steward/crashed.css", "text/css; charset=utf-8"],
  ])("serves %s with its type and the policy", async (url, type) => {
    const response = await ask(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
  });

  test.each([
    "app://steward/../secret.json",
    "app://steward/%2e%2e/secret.json",
    "app://steward/..%2fsecret.json",
    "app://steward/..%5csecret.json",
    "app://steward/%2e%2e%5csecret.json",
    "app://steward/..\\secret.json",
    "app://steward/chunks/..%2f..%2fsecret.json",
    "app://steward/%252e%252e%252fsecret.json",
    "app://steward//secret.json",
    "app://steward/chunks//a-B_1.js",
    "app://steward/index.html%00.js",
    "app://steward/index.html%00",
    "app://steward/.hidden.json",
    "app://steward/tool.exe",
    "app://steward/absent.js",
    "app://steward/chunks",
    "app://steward/chunks/",
    "app://other/index.html",
    "app://steward.evil/index.html",
    "app://steward:80/index.html",
    "app://me@steward/index.html",
    "app://me:pw@steward/index.html",
    "app:///index.html",
    "app:index.html",
    "nonsense",
    "app://steward/avatars/",
    "app://steward/avatars/ABCDEFGHIJKLMNOP",
    "app://steward/avatars/../index",
    "app://steward/avatars/abcdefghijklmnop/x",
    "app://steward/avatars/abcdefghijklmno%70",
  ])("refuses %s", async (url) => {
    const response = await ask(url);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("");
  });

  test.each(["HEAD", "POST", "PUT", "OPTIONS"])("refuses %s", async (method) => {
    expect((await ask("app://steward/index.html", method)).status).toBe(405);
  });

  test("serves avatars that are pixels, and nothing else", async () => {
    const url = `app://steward/avatars/${accountId}?v=2`;
    for (const mimeType of ["image/png", "image/jpeg", "image/webp", "image/gif"]) {
      picture = { bytes: Uint8Array.of(1, 2, 3), mimeType };
      const response = await ask(url);
      expect(response.headers.get("content-type")).toBe(mimeType);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(picture.bytes);
    }
    for (const mimeType of ["image/svg+xml", "text/html", "image/png; x", "IMAGE/PNG", ""]) {
      picture = { bytes: Uint8Array.of(1), mimeType };
      expect((await ask(url)).status, mimeType).toBe(404);
    }
    picture = null;
    expect((await ask(url)).status).toBe(404);
  });

  test("says on the crashed page where the report is, as text", async () => {
    const response = await ask("app://steward/crashed.html");
    const page = await response.text();
    expect(page).toContain("/home/&lt;me&gt; &amp; you");
    expect(page).toContain("<h1>Oh &lt;no&gt;</h1>");
    expect(page).not.toContain("<script");
  });

  test("names the language and its direction in the page", async () => {
    for (const [language, direction] of [
      ["de", "ltr"],
      ["en-XA", "rtl"],
    ] as const) {
      spoken = language;
      expect(await (await ask("app://steward/")).text()).toContain(`<html lang="${language}" dir="${direction}">`);
    }
    spoken = "en";
  });

  describe("the accounts in the page", () => {
    const account: Account = {
      accountId: AccountId.parse(accountId),
      userId: UserId.parse("@ada:hs.example"),
      deviceId: DeviceId.parse("DEVICE"),
      homeserver: { serverName: ServerName.parse("hs.example"), baseUrl: "https://hs.example" },
      displayName: "</script><script>alert(1)</script><!-- $& $1",
      avatarPath: null,
      session: { status: "stopped", error: null, offline: false },
      health: null,
    };
    const inThePage = async (): Promise<unknown> => {
      const page = await (await ask("app://steward/index.html")).text();
      const scripts = [...page.matchAll(/<script[^>]*>([^<]*)<\/script>/g)];
      expect(scripts).toHaveLength(2);
      return JSON.parse(scripts[1]?.[1] ?? "");
    };

    test("are those that are known, whatever they are called", async () => {
      known = [account];
      expect(await inThePage()).toEqual({ accounts: [account] });
      expect(await (await ask("app://steward/")).text()).toContain("@ada:hs.example");
    });

    test("carry nothing that the contract does not name", async () => {
      known = [{ ...account, accessToken: "syt_secret" } as Account];
      expect(await inThePage()).toEqual({ accounts: [account] });
    });

    test("do not keep the page away when one is not as the contract says", async () => {
      known = [account, { ...account, displayName: 7 } as unknown as Account];
      expect(await inThePage()).toBeNull();
    });

    test("are left out of a locked page, which shows no picture of theirs either", async () => {
      known = "locked";
      picture = { bytes: Uint8Array.of(1), mimeType: "image/png" };
      try {
        expect(await inThePage()).toBe("locked");
        expect((await ask(`app://steward/avatars/${accountId}`)).status).toBe(404);
      } finally {
        picture = null;
        known = null;
      }
    });

    test("are asked for anew each time, and may be unknown", async () => {
      known = null;
      expect(await inThePage()).toBeNull();
      const asked = server();
      await asked({ url: "app://steward/index.html", method: "GET" });
      known = [account];
      const again = await asked({ url: "app://steward/index.html", method: "GET" });
      expect(await again.text()).toContain("@ada:hs.example");
    });
  });
});
