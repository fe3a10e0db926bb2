import type * as z from "zod";
import { AppFailure, fail } from "../../shared/errors.ts";
import { type Fetch, fetchStaying } from "./redirects.ts";
import { connectionError } from "./connectionErrors.ts";
import { serverError, type ServerErrorBody } from "./serverErrors.ts";

export type { Fetch } from "./redirects.ts";

export interface JsonRequest<T extends z.ZodType> {
  fetch: Fetch;
  method?: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  body?: unknown;
  accessToken?: string;
  schema: T;
  /** Milliseconds until the request is given up. */
  timeoutMs?: number;
  /** Longest answer that is read, in bytes. */
  limitBytes?: number;
}

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_LIMIT_BYTES = 1024 * 1024;

/** Reads a body up to a limit, so that a server cannot fill the memory. Throws `bad_answer` beyond it. */
export async function readBounded(response: Response, limitBytes: number, host: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > limitBytes) {
      await reader.cancel();
      throw fail("bad_answer", { host });
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, length);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Sends one JSON request and checks the answer against a schema. For what is asked before there is a session; a session
 * has the SDK for the rest.
 *
 * Throws `AppFailure`: the meaning of an error answer, `network` and its kin when none came, `redirected` when the server
 * sends elsewhere what must not go there, `bad_answer` when it was cut, too long, not JSON, or of another shape.
 */
export async function requestJson<T extends z.ZodType>(request: JsonRequest<T>): Promise<z.output<T>> {
  const { host } = new URL(request.url);
  const timeout = AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetchStaying(request.fetch, request.url, {
      method: request.method ?? "GET",
      headers: {
        Accept: "application/json",
        ...(request.body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(request.accessToken === undefined ? {} : { Authorization: `Bearer ${request.accessToken}` }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      credentials: "omit",
      signal: timeout,
    });
    // Unlike Buffer's, this leaves out a byte order mark.
    text = new TextDecoder().decode(await readBounded(response, request.limitBytes ?? DEFAULT_LIMIT_BYTES, host));
  } catch (thrown) {
    if (thrown instanceof AppFailure) throw thrown;
    if (timeout.aborted) throw fail("network", { reason: "timeout", host });
    throw new AppFailure(connectionError(thrown, host), { cause: thrown });
  }

  const json = parseJson(text);
  if (!response.ok) {
    const body = typeof json === "object" && json !== null ? (json as ServerErrorBody) : {};
    throw new AppFailure(serverError(response.status, body, host, response.headers));
  }
  const parsed = request.schema.safeParse(json);
  if (!parsed.success) throw fail("bad_answer", { host });
  return parsed.data;
}
