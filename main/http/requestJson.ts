import type * as z from "zod";
import type { AccessToken } from "../../shared/secret.ts";
import { HomeserverClient } from "./homeserverClient.ts";
import type { Fetch } from "./redirects.ts";
import { TokenKeeper } from "./tokenKeeper.ts";

export interface JsonRequest<T extends z.ZodType> {
  fetch: Fetch;
  method?: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  body?: unknown;
  accessToken?: AccessToken;
  schema: T;
  /** Stops the request. */
  signal?: AbortSignal;
  /** Milliseconds until the request is given up. */
  timeoutMs?: number;
  /** Longest answer that is read, in bytes. */
  limitBytes?: number;
}

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_LIMIT_BYTES = 1024 * 1024;

/**
 * Sends one JSON request to an address that belongs to no account's session, with tighter limits than a session has.
 *
 * @throws as `HomeserverClient` does
 */
export async function requestJson<T extends z.ZodType>(request: JsonRequest<T>): Promise<z.output<T>> {
  const { fetch, method = "GET", body, accessToken, schema, signal, timeoutMs: answerMs = DEFAULT_TIMEOUT_MS } = request;
  const { origin, pathname, search } = new URL(request.url);
  const homeserver = new HomeserverClient({
    fetch,
    baseUrl: origin,
    limits: { answerMs, wholeAnswerMs: answerMs, answerBytes: request.limitBytes ?? DEFAULT_LIMIT_BYTES },
    ...(accessToken !== undefined && { tokens: new TokenKeeper({ accessToken, expiresAt: null }) }),
  });
  return homeserver.json({ method, path: pathname + search, body, schema, ...(signal && { signal }) });
}
