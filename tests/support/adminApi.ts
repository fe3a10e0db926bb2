import type { ServerResponse } from "node:http";
import { AdminApi, type AdminSession } from "../../main/admin/adminApi.ts";
import { MasApi } from "../../main/admin/mas/masApi.ts";
import { HomeserverClient } from "../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../main/http/homeserverOf.ts";
import { TokenKeeper } from "../../main/http/tokenKeeper.ts";
import type { Arrived } from "./localServer.ts";
import { accessToken } from "./secretValues.ts";

/** What a server of a test answers a request with. */
export type Answer = (response: ServerResponse, request: Arrived) => void;

/** An answer as JSON. */
export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

/** The admin API of a server, as an account of it would ask, without a session of the SDK's. */
export function adminApiAt(
  baseUrl: string,
  userId: string,
  { adminBaseUrl = null as string | null, token = "secret", ended = new AbortController().signal, send = fetch } = {},
): AdminApi {
  return new AdminApi(sessionAt(baseUrl, userId, { adminBaseUrl, token, ended, send }));
}

/** The admin API of an authentication service at the same address, as the same account would ask. */
export const masApiAt = (baseUrl: string, userId: string): MasApi =>
  new MasApi(sessionAt(baseUrl, userId, { adminBaseUrl: null, token: "secret", ended: new AbortController().signal, send: fetch }));

interface SessionOptions {
  adminBaseUrl: string | null;
  token: string;
  ended: AbortSignal;
  send: typeof fetch;
}

function sessionAt(baseUrl: string, userId: string, { adminBaseUrl, token, ended, send }: SessionOptions): AdminSession {
  const client = {};
  const tokens = new TokenKeeper({ accessToken: accessToken(token), expiresAt: null });
  const options = {
    fetch: send,
    baseUrl,
    adminBaseUrl: () => adminBaseUrl,
    authBaseUrl: baseUrl,
    tokens,
    retry: { firstWaitMs: 1 },
    ended,
  };
  bindHomeserver(client, new HomeserverClient(options));
  const session = {
    details: { userId },
    use: (work: (client: unknown, signal: AbortSignal) => Promise<unknown>) => work(client, ended),
  };
  return session as unknown as AdminSession;
}
