import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Where a browser brings back what a server has to say to the app (RFC 8252, section 7.3). */
export interface LoopbackListener {
  /** The address to be brought back to. */
  readonly redirectUrl: string;
  /** The first answer that fits: its query. Rejects with what `close` was given. */
  readonly answer: Promise<URLSearchParams>;
  /** Ends it: nothing listens any more. */
  close(reason: unknown): Promise<void>;
}

interface LoopbackOptions {
  /** What a fitting answer has in its query. Everything else is "not found", and ends nothing. */
  expects: (query: URLSearchParams) => boolean;
  /** Shown in the browser when this answer has been taken: text, no markup. */
  doneText: (query: URLSearchParams) => string;
  /** In place of one that nobody guesses, where what is expected is a secret by itself. Begins with a slash. */
  path?: string;
}

/** 256 bits: nobody else on this computer guesses the path. */
const PATH_BYTES = 32;
const MAX_REQUEST_BYTES = 8 * 1024;
/** How long the last page stays to be had after the answer, in milliseconds: the browser asks for it at once. */
const DONE_PAGE_MS = 5_000;

/**
 * Ports that browsers refuse to open (Fetch Standard, "port blocking"), of those that a system gives out by itself or that
 * an unprivileged program may be given.
 */
const BLOCKED_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/**
 * Listens on a random port of 127.0.0.1 for one answer. Whatever a web page or another program sends there instead (another
 * host name, another path or method) is "not found" and changes nothing. The browser is sent on at once to a page whose
 * address holds no secret, and that runs no script.
 *
 * @throws Error when no port can be had
 */
export async function listenOnLoopback({ expects, doneText, path: fixed }: LoopbackOptions): Promise<LoopbackListener> {
  const path = fixed ?? `/${randomBytes(PATH_BYTES).toString("base64url")}`;
  let resolve: (query: URLSearchParams) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const answer = new Promise<URLSearchParams>((onAnswer, onEnd) => {
    resolve = onAnswer;
    reject = onEnd;
  });
  // Nobody need be waiting when it is closed.
  answer.catch(() => undefined);
  let answered: URLSearchParams | null = null;
  let closing: Promise<void> | null = null;
  const server = createServer({ maxHeaderSize: MAX_REQUEST_BYTES }, (request, response) => {
    const url = ownUrl(request, port);
    if (request.method !== "GET" || url === null) return notFound(response);
    if (answered && url.pathname === `${path}/done`) {
      response.on("close", () => void close());
      return donePage(response, doneText(answered));
    }
    if (answered || url.pathname !== path || !expects(url.searchParams)) return notFound(response);
    answered = url.searchParams;
    response.writeHead(303, { ...CAREFUL, Location: `${path}/done` }).end();
    setTimeout(() => void close(), DONE_PAGE_MS).unref();
    resolve(url.searchParams);
  });
  const port = await listenOnAllowedPort(server);
  const close = (): Promise<void> => {
    closing ??= new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
    return closing;
  };
  return {
    redirectUrl: `http://127.0.0.1:${port}${path}`,
    answer,
    close: (reason) => {
      reject(reason);
      return close();
    },
  };
}

/** On a port that browsers would not open, nobody would ever come back. */
async function listenOnAllowedPort(server: Server): Promise<number> {
  for (;;) {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // Not `localhost`: that may be ::1 to the browser.
      server.listen(0, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
    const { port } = server.address() as AddressInfo;
    if (!BLOCKED_PORTS.has(port)) return port;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  }
}

/** The address asked for; null when the request was meant for another host, as those of a rebound name are. */
function ownUrl({ headers, url }: IncomingMessage, port: number): URL | null {
  const origin = `http://127.0.0.1:${port}`;
  if (headers.host !== `127.0.0.1:${port}` || !url?.startsWith("/")) return null;
  return URL.canParse(url, origin) ? new URL(url, origin) : null;
}

const CAREFUL = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  Connection: "close",
};

function notFound(response: ServerResponse): void {
  response.writeHead(404, CAREFUL).end();
}

function donePage(response: ServerResponse, text: string): void {
  const escaped = text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const page = `<!doctype html><html><meta charset="utf-8"><title>Steward</title><p>${escaped}</p></html>`;
  response.writeHead(200, { ...CAREFUL, "Content-Type": "text/html; charset=utf-8" }).end(page);
}
