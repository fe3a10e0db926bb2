import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TestCertificate } from "./certificate.ts";
import { listenLocally } from "./ports.ts";

/** What `/.well-known/matrix/client` answers. */
export type WellKnownOutcome =
  /** 404: the name has no `.well-known`. */
  | { kind: "absent" }
  /** Names a homeserver; further keys (an identity server, say) may be laid over it. */
  | { kind: "homeserver"; baseUrl: string; more?: Record<string, unknown> }
  /** Any body with 200, as it is. */
  | { kind: "raw"; body: string | Uint8Array; contentType?: string; headers?: Record<string, string> }
  /** Says that it is compressed, and is not whole; or whole and not compressed at all, unless no compression is asked for. */
  | { kind: "bad_gzip"; baseUrl: string; plainOnRequest: boolean }
  | { kind: "status"; status: number }
  | { kind: "redirect"; to: string }
  | { kind: "hang" };

/** A host that is known for its `.well-known` file alone; everything else on it is 404. */
export interface WellKnownHost {
  /** `localhost:<port>`, as a person would type the server's name. */
  name: string;
  baseUrl: string;
  /** `absent` at first. */
  outcome: WellKnownOutcome;
  /** The paths asked for so far. */
  asked: string[];
  stop(): Promise<void>;
}

/** Starts such a host on 127.0.0.1; over https with a certificate, as clients insist on, or else over http. */
export async function startWellKnownHost({ tls }: { tls?: TestCertificate } = {}): Promise<WellKnownHost> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    host.asked.push(path);
    if (path === "/.well-known/matrix/client") answer(host.outcome, response, request.headers["accept-encoding"]);
    else response.writeHead(404).end();
  };
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  const port = await listenLocally(server);
  const host: WellKnownHost = {
    name: `localhost:${port}`,
    baseUrl: `${tls ? "https" : "http"}://localhost:${port}`,
    outcome: { kind: "absent" },
    asked: [],
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return host;
}

function answer(outcome: WellKnownOutcome, response: ServerResponse, encoding: string | string[] | undefined): void {
  const json = { "content-type": "application/json" };
  switch (outcome.kind) {
    case "absent":
      response.writeHead(404).end();
      return;
    case "homeserver":
      response.writeHead(200, json);
      response.end(JSON.stringify({ "m.homeserver": { base_url: outcome.baseUrl }, ...outcome.more }));
      return;
    case "raw":
      response.writeHead(200, { "content-type": outcome.contentType ?? "application/json", ...outcome.headers });
      response.end(outcome.body);
      return;
    case "bad_gzip": {
      const body = JSON.stringify({ "m.homeserver": { base_url: outcome.baseUrl } });
      const plain = outcome.plainOnRequest && encoding === "identity";
      response.writeHead(200, plain ? json : { ...json, "content-encoding": "gzip" }).end(body);
      return;
    }
    case "status":
      response.writeHead(outcome.status).end();
      return;
    case "redirect":
      response.writeHead(302, { location: outcome.to }).end();
      return;
    case "hang":
      return;
  }
}
