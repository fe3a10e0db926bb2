import type { ServerErrorBody } from "./serverErrors.ts";

/** The longest error answer that is read, in bytes. What a proxy adds to its pages beyond says nothing. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Reads at most so many bytes of an answer and leaves the rest. */
async function beginningOf(response: Response, most: number): Promise<Buffer> {
  const reader = response.body?.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (reader && length < most) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.byteLength;
  }
  // What is left may never end.
  void reader?.cancel().catch(() => undefined);
  return Buffer.concat(pieces).subarray(0, most);
}

/**
 * What an error answer says, whatever it calls itself: the JSON object in it, or nothing where it is a page for browsers,
 * cut, or longer than any error. Rejects with what reading rejects with.
 */
export async function errorBody(response: Response): Promise<ServerErrorBody> {
  const text = (await beginningOf(response, MAX_ERROR_BYTES)).toString("utf8");
  try {
    const body = JSON.parse(text) as unknown;
    return typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  } catch {
    return {};
  }
}

/**
 * The same error answer in a form that the SDK always understands: what calls itself JSON and is none makes it throw
 * a `SyntaxError`, and an unreadable content type an `Error` of a parser's.
 */
export async function readableError(response: Response): Promise<Response> {
  const body = await errorBody(response);
  const headers = new Headers(response.headers);
  for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(body), { status: response.status, statusText: response.statusText, headers });
}
