import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { LinkEnd } from "../../../shared/contract/linkDevice.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { errorBody } from "../../http/errorAnswers.ts";
import { connectionError } from "../../http/connectionErrors.ts";
import { SERVER_LIMITS } from "../../http/limits.ts";
import { isLocalhost } from "../../http/loopback.ts";
import type { Fetch } from "../../http/redirects.ts";
import { retryKind } from "../../http/retry.ts";
import { serverError } from "../../http/serverErrors.ts";
import { Wire } from "../../http/wire.ts";
import type { RendezvousPlace } from "../../sdk/linkPort.ts";
import { SecureAddress } from "../../sessions/oauth/authMetadata.ts";

/** Why linking a device ended. */
export class LinkEnded extends Error {
  readonly reason: LinkEnd;

  constructor(reason: LinkEnd, options?: ErrorOptions) {
    super(reason, options);
    this.name = "LinkEnded";
    this.reason = reason;
  }
}

export interface RendezvousOptions {
  fetch: Fetch;
  baseUrl: string;
  /** Nobody waits any more: what it is aborted with is thrown to whoever does, and to whoever has more to say than the end. */
  signal: AbortSignal;
  /** In place of the clock that nobody sets, in milliseconds. */
  elapsed?: () => number;
  /** In place of waiting between two looks for a message. */
  wait?: (milliseconds: number) => Promise<unknown>;
}

const POLL_MS = 1_000;
const ANSWER_MS = 10_000;
/** A message has the secrets of an identity and of a backup at most; servers take 4 KiB. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Where the server does not say how long it keeps the place, in milliseconds. */
const LIFETIME_MS = 60_000;
const MAX_LIFETIME_MS = 30 * 60_000;
/** How often it is tried to leave one message. */
const SEND_TRIES = 4;

const Made = z.object({ url: SecureAddress });

/** Asks a homeserver for a place where two devices leave messages (MSC4108 of 2024, "insecure rendezvous session"). */
export async function openRendezvous(options: RendezvousOptions): Promise<RendezvousPlace> {
  const { fetch, baseUrl, signal, elapsed = () => performance.now(), wait = (milliseconds) => pause(milliseconds) } = options;
  const limits = { ...SERVER_LIMITS, answerMs: ANSWER_MS, wholeAnswerMs: ANSWER_MS, answerBytes: MAX_ANSWER_BYTES };
  const wire = new Wire({ fetch, limits, ended: new AbortController().signal });
  const ask = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await wire.send({ url: new URL(url), init: { ...init, credentials: "omit" } }).catch((thrown: unknown) => {
      if (thrown instanceof AppFailure) throw thrown;
      throw new AppFailure(connectionError(thrown, new URL(url).host), { cause: thrown });
    });
    if (answer.headers.has("expires")) until = elapsed() + lifetimeOf(answer.headers);
    return answer;
  };
  let until = elapsed() + LIFETIME_MS;
  const refusal = async (answer: Response, url: string): Promise<AppFailure> =>
    new AppFailure(serverError(answer.status, await errorBody(answer), new URL(url).host, answer.headers));
  const text = { "content-type": "text/plain" };

  const address = `${baseUrl}/_matrix/client/unstable/org.matrix.msc4108/rendezvous`;
  const made = await ask(address, { method: "POST", headers: text, body: "" });
  if (!made.ok) throw made.status === 404 ? new LinkEnded("not_supported") : await refusal(made, address);
  const parsed = Made.safeParse(await made.json().catch(() => null)).data;
  // A server elsewhere has no business with addresses on this computer.
  if (parsed === undefined || (isLocalhost(new URL(parsed.url).hostname) && !isLocalhost(new URL(baseUrl).hostname))) {
    throw new LinkEnded("not_understood");
  }
  const { url } = parsed;
  let etag = made.headers.get("etag");
  const gone = (): LinkEnded => new LinkEnded(elapsed() >= until ? "expired" : "ended_there");
  /** Waits before asking once more, unless the time of the place is up or asking is of no use. */
  const waitAfter = async (thrown: unknown): Promise<void> => {
    const again = thrown instanceof AppFailure ? retryKind(thrown.error) : null;
    if (again === null || again.kind === "never") throw thrown;
    if (elapsed() >= until) throw new LinkEnded("expired", { cause: thrown });
    await wait(again.kind === "after" ? Math.min(again.ms, ANSWER_MS) : POLL_MS);
  };

  /** What lies there now; null where it is what was seen last. */
  const look = async (seen: string | null, init: RequestInit = {}): Promise<{ message: string; etag: string } | null> => {
    const answer = await ask(url, { ...init, headers: seen === null ? {} : { "if-none-match": seen } });
    if (answer.status === 304) return null;
    if (answer.status === 404) throw gone();
    if (!answer.ok) throw await refusal(answer, url);
    const now = answer.headers.get("etag");
    // Without it nobody knows which message is new.
    if (now === null) throw new LinkEnded("not_understood");
    return { message: await answer.text(), etag: now };
  };

  const put = async (message: string): Promise<void> => {
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await ask(url, { method: "PUT", headers: { ...text, ...(etag !== null && { "if-match": etag }) }, body: message });
        if (answer.status === 404) throw gone();
        if (answer.status !== 412 && !answer.ok) throw await refusal(answer, url);
        if (answer.ok) {
          etag = answer.headers.get("etag");
          return;
        }
        // Ours, whose answer was lost; or somebody else's, over ours.
        const there = await look(null);
        if (there?.message !== message) throw new LinkEnded("message_lost");
        etag = there.etag;
        return;
      } catch (thrown) {
        if (signal.aborted || thrown instanceof LinkEnded || tried >= SEND_TRIES) throw thrown;
        await waitAfter(thrown);
        // Cancelled while the server was waited for.
        signal.throwIfAborted();
      }
    }
  };

  return {
    url,
    get cancelled() {
      return signal.aborted;
    },
    send: async (message) => {
      signal.throwIfAborted();
      await put(message);
    },
    sendLast: put,
    receive: async () => {
      for (;;) {
        signal.throwIfAborted();
        try {
          const found = await look(etag, { signal });
          if (found !== null) {
            etag = found.etag;
            return found.message;
          }
          await wait(POLL_MS);
        } catch (thrown) {
          signal.throwIfAborted();
          if (thrown instanceof LinkEnded) throw thrown;
          await waitAfter(thrown);
        }
      }
    },
    close: async () => {
      await wire.send({ url: new URL(url), init: { method: "DELETE", credentials: "omit" } }).catch(() => undefined);
    },
  };
}

/** Milliseconds, by the server's own clock. */
function lifetimeOf(headers: Headers): number {
  const [expires, date] = [headers.get("expires"), headers.get("date")].map((value) => (value === null ? NaN : Date.parse(value)));
  const lifetime = (expires ?? NaN) - (date ?? NaN);
  return Number.isNaN(lifetime) ? LIFETIME_MS : Math.min(Math.max(lifetime, 0), MAX_LIFETIME_MS);
}
