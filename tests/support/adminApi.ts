import type { ServerResponse } from "node:http";
import { AdminApi, type AdminSession } from "../../main/admin/adminApi.ts";
import { HomeserverClient } from "../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../main/http/homeserverOf.ts";
import { TokenKeeper } from "../../main/http/tokenKeeper.ts";
import type { Arrived } from "./localServer.ts";
import { accessToken } from "./secretValues.ts";

/** What a server of a test answers a request with. */
export type Answer = (response: ServerResponse, request: Arrived) => void;

/** An answer as JSON. */
export const json =
  (status: number, body: unknown): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** The admin API of a server, as an account of it would ask, without a session of the SDK's. */
export function adminApiAt(
  baseUrl: string,
  userId: string,
  { adminBaseUrl = null as string | null, token = "secret", ended = new AbortController().signal } = {},
): AdminApi {
  const client = {};
  const tokens = new TokenKeeper({ accessToken: accessToken(token), expiresAt: null });
  const retry = { firstWaitMs: 1 };
  bindHomeserver(client, new HomeserverClient({ fetch, baseUrl, adminBaseUrl: () => adminBaseUrl, tokens, retry, ended }));
  const session = {
    details: { userId },
    use: (work: (client: unknown, signal: AbortSignal) => Promise<unknown>) => work(client, ended),
  };
  return new AdminApi(session as unknown as AdminSession);
}
