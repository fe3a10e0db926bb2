import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { type Account, accounts } from "../../shared/contract/accounts.ts";
import { directionOf, type Language } from "../../shared/i18n/language.ts";
import { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { CONTENT_SECURITY_POLICY } from "./contentSecurityPolicy.ts";
import { CRASHED_PATH, CRASHED_STYLE, CRASHED_STYLE_PATH, crashedPage, type CrashedTexts } from "./crashedPage.ts";

/** A picture that main has fetched for the renderer. */
export interface Picture {
  bytes: Uint8Array;
  mimeType: string;
}

export interface AssetServerOptions {
  /** The folder of the built renderer; may lie inside an asar archive. */
  rendererDir: string;
  /** The accounts that the page shows before it has asked for anything; null when it has to ask; "locked": it shows none. */
  knownAccounts: () => Account[] | "locked" | null;
  /** Answers an account's avatar, or null when it has none. */
  avatarOf: (accountId: AccountId) => Promise<Picture | null>;
  /** The language that the page is drawn in from its first picture on. */
  language: () => Language;
  /** Said by the page that tells that the window keeps crashing. */
  crashedTexts: () => CrashedTexts;
  /** Shown on that page. */
  reportFolder: string;
  logger: Logger;
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

/** Pictures made of pixels alone: an SVG from a server is a document, not a picture. */
const RASTER_TYPES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);

/**
 * The paths that can exist. Our build names its files with these characters alone, so nothing encoded is ever decoded:
 * `%2e`, `%5c`, `%00` and their doubles fail here, as do names that begin with a dot.
 */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9_@-][A-Za-z0-9_@.-]*)+$/;

const INDEX_PATH = "/index.html";
const AVATAR_PATH = /^\/avatars\/([^/]+)$/;

/** How the page begins as it is built. */
const ENGLISH = '<html lang="en">';

/** Where the page takes its first accounts from. Data and no script: it is not run, whatever it says. */
const KNOWN_ACCOUNTS = '<script type="application/json" id="known-accounts">null</script>';

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/**
 * Reads the page and all that it names while Electron itself is still starting, so that the first page does not wait for
 * the disk. What cannot be read now is asked for again in its turn.
 */
function readFirstFiles(rendererDir: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const read = (path: string): Buffer => {
    const bytes = readFileSync(join(rendererDir, path));
    files.set(path, bytes);
    return bytes;
  };
  try {
    const page = read(INDEX_PATH).toString("utf8");
    for (const [, name] of page.matchAll(/(?:href|src)="([\w./-]+)"/g)) read(`/${name}`);
  } catch {
    return files;
  }
  return files;
}

function answer(body: string | Uint8Array<ArrayBuffer>, contentType: string, status = 200): Response {
  return new Response(body, { status, headers: { ...HEADERS, "Content-Type": contentType } });
}

const refuse = (status: 404 | 405): Response => answer("", "text/plain; charset=utf-8", status);

/** Answers one request for `app://`. Whatever is not ours, or not there, is a 404. */
export type AssetServer = (request: Pick<Request, "url" | "method">) => Promise<Response>;

/** Makes what answers every request for `app://`. */
export function createAssetServer(options: AssetServerOptions): AssetServer {
  const { rendererDir, knownAccounts, avatarOf, reportFolder, logger, language, crashedTexts } = options;
  const first = readFirstFiles(rendererDir);
  // The first one makes Node load its whole fetch library: better now than when the page is waiting for its first file.
  refuse(404);

  async function servePicture(rawAccountId: string): Promise<Response> {
    const accountId = AccountId.safeParse(rawAccountId);
    if (!accountId.success) return refuse(404);
    try {
      if (knownAccounts() === "locked") return refuse(404);
      const picture = await avatarOf(accountId.data);
      if (!picture || !RASTER_TYPES.has(picture.mimeType)) return refuse(404);
      return answer(new Uint8Array(picture.bytes), picture.mimeType);
    } catch (thrown) {
      logger.warn("a picture could not be served", { accountId: rawAccountId, error: thrown });
      return refuse(404);
    }
  }

  async function fileAt(path: string): Promise<Uint8Array<ArrayBuffer> | string> {
    const ahead = first.get(path);
    first.delete(path);
    const bytes = new Uint8Array(ahead ?? (await readFile(join(rendererDir, path))));
    return path === INDEX_PATH ? inLanguage(withAccounts(Buffer.from(bytes).toString("utf8"))) : bytes;
  }

  function inLanguage(page: string): string {
    return page.replace(ENGLISH, () => `<html lang="${language()}" dir="${directionOf(language())}">`);
  }

  /**
   * Puts the accounts into the page. What the contract would not let through does not get there either, and no text in
   * them can end the element that it stands in. A page that has no accounts asks for them.
   */
  function withAccounts(page: string): string {
    const known = knownAccounts();
    if (known === null) return page;
    if (known === "locked") return page.replace(KNOWN_ACCOUNTS, () => KNOWN_ACCOUNTS.replace("null", '"locked"'));
    const parsed = accounts.requests.list.output.safeParse({ accounts: known });
    if (!parsed.success) {
      logger.error("the accounts are not as the contract says", { issues: parsed.error.issues.map(({ path }) => path) });
      return page;
    }
    const list = JSON.stringify(parsed.data).replaceAll("<", "\\u003c");
    return page.replace(KNOWN_ACCOUNTS, () => KNOWN_ACCOUNTS.replace("null", () => list));
  }

  async function serveFile(path: string): Promise<Response> {
    const mimeType = MIME_TYPES[extname(path)];
    if (!mimeType || !PLAIN_PATH.test(path)) return refuse(404);
    try {
      return answer(await fileAt(path), mimeType);
    } catch {
      logger.warn("a file of the window is missing", { path });
      return refuse(404);
    }
  }

  async function answerRequest(request: Pick<Request, "url" | "method">): Promise<Response> {
    const url = parse(request.url);
    if (!url || url.host !== "steward" || url.username !== "" || url.password !== "") return refuse(404);
    if (request.method !== "GET") return refuse(405);
    const avatar = AVATAR_PATH.exec(url.pathname);
    if (avatar?.[1]) return servePicture(avatar[1]);
    if (url.pathname === CRASHED_PATH) return answer(crashedPage(reportFolder, crashedTexts()), "text/html; charset=utf-8");
    if (url.pathname === CRASHED_STYLE_PATH) return answer(CRASHED_STYLE, "text/css; charset=utf-8");
    return serveFile(url.pathname === "/" ? INDEX_PATH : url.pathname);
  }

  return answerRequest;
}

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
