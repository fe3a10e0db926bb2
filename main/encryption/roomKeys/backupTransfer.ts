import { setTimeout as pause } from "node:timers/promises";
import type { MatrixClient, Method } from "matrix-js-sdk";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { type Fetch, readBounded } from "../../http/requestJson.ts";
import { fetchStaying } from "../../http/redirects.ts";
import { connectionError } from "../../http/connectionErrors.ts";
import { serverError, type ServerErrorBody, stopOf, toServerFailure } from "../../http/serverErrors.ts";
import { joinSignals } from "./joinSignals.ts";

const PREFIX = "/_matrix/client/v3";
/** A server gathers a whole backup before it sends the first byte of it. Milliseconds. */
const FIRST_ANSWER_MS = 300_000;
/** Nothing at all for so long, and the connection is dead. Milliseconds. */
const STALLED_MS = 60_000;
const TRIES = 5;
const LONGEST_WAIT_MS = 120_000;
const LONGEST_ERROR_BYTES = 64 * 1024;

/** What is downloaded and where to. */
export interface TransferOptions {
  client: MatrixClient;
  fetch: Fetch;
  /** The backup's version. */
  version: string;
  signal: AbortSignal;
}

/**
 * Carries the entries of one key backup from and to the server. A download is handed on piece by piece, for whoever
 * takes them at their own pace, and never held as a whole. Throws `AppFailure`; `backup_replaced` when the server no
 * longer has this version as its newest.
 */
export class BackupTransfer {
  readonly #options: TransferOptions;
  readonly #host: string;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  /** Ends the last request for the download, wherever it is. */
  #cut: () => void = () => undefined;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#host = new URL(options.client.baseUrl).host;
  }

  /** The homeserver's name and port. */
  get host(): string {
    return this.#host;
  }

  /** The next piece of `GET /room_keys/keys`, in memory of its own; null at the end. The first call asks for it. */
  async pull(): Promise<Uint8Array<ArrayBuffer> | null> {
    this.#reader ??= await this.#patiently(() => this.#open());
    const { done, value } = await this.#unlessStalled(this.#reader.read(), STALLED_MS);
    return done ? null : Uint8Array.from(value);
  }

  /** `PUT /room_keys/keys`. Sent again when the server was busy or the connection broke: it changes nothing twice. */
  async upload(body: string): Promise<void> {
    const { client, version, signal } = this.#options;
    await this.#patiently(() =>
      client.http.authedRequest("PUT" as Method, "/room_keys/keys", { version }, body, {
        prefix: PREFIX,
        json: false,
        headers: { Accept: "application/json", "Content-Type": "application/json" },
        abortSignal: signal,
      }),
    );
  }

  /** Ends a download that is not wanted to its end. */
  async close(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined);
    this.#cut();
  }

  async #open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { client, fetch, version, signal } = this.#options;
    const url = `${client.baseUrl}${PREFIX}/room_keys/keys?version=${encodeURIComponent(version)}`;
    const headers = { Accept: "application/json", Authorization: `Bearer ${client.getAccessToken() ?? ""}` };
    const request = new AbortController();
    const either = joinSignals(signal, request.signal);
    this.#cut = () => {
      request.abort();
      either.release();
    };
    try {
      const asked = fetchStaying(fetch, url, { headers, credentials: "omit", signal: either.signal });
      const response = await this.#unlessStalled(asked, FIRST_ANSWER_MS);
      if (response.ok && response.body) return response.body.getReader();
      const body = await this.#unlessStalled(readBounded(response, LONGEST_ERROR_BYTES, this.#host), STALLED_MS);
      const said = errorBody(Buffer.from(body).toString("utf8"));
      throw new AppFailure(serverError(response.status, said, this.#host, response.headers));
    } catch (thrown) {
      // The next try is not to run beside one that is given up.
      this.#cut();
      throw thrown;
    }
  }

  async #unlessStalled<T>(awaited: Promise<T>, milliseconds: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(fail("network", { reason: "timeout", host: this.#host })), milliseconds);
    });
    try {
      return await Promise.race([awaited, stalled]);
    } catch (thrown) {
      if (this.#options.signal.aborted) throw stopOf(this.#options.signal);
      if (thrown instanceof AppFailure) throw thrown;
      throw new AppFailure(connectionError(thrown, this.#host), { cause: thrown });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tries again after a while where that may help, and gives an error its meaning. */
  async #patiently<T>(request: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      if (signal.aborted) throw stopOf(signal);
      try {
        return await request();
      } catch (thrown) {
        const failure = this.#meaningOf(thrown);
        const wait = attempt === TRIES ? null : waitFor(failure, attempt);
        if (wait === null) throw failure;
        await pause(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #meaningOf(thrown: unknown): unknown {
    if (this.#options.signal.aborted) return stopOf(this.#options.signal);
    const errcode = thrown instanceof AppFailure && thrown.error.kind === "server" ? thrown.error.errcode : undefined;
    const failure = toServerFailure(thrown, this.#host);
    const kind = failure instanceof AppFailure ? failure.error.kind : null;
    const wrongVersion = [errcode, (thrown as { errcode?: unknown }).errcode].includes("M_WRONG_ROOM_KEYS_VERSION");
    return wrongVersion || kind === "not_found" ? fail("backup_replaced") : failure;
  }
}

/** Milliseconds until another try makes sense; null where it does not. */
function waitFor(failure: unknown, attempt: number): number | null {
  if (!(failure instanceof AppFailure)) return null;
  const { error } = failure;
  if (error.kind === "rate_limited") return Math.min(error.retryAfterMs, LONGEST_WAIT_MS);
  const ofServer = error.kind === "server" || error.kind === "gateway_error";
  const passing = error.kind === "network" || (ofServer && error.status >= 500);
  return passing ? 500 * 2 ** attempt : null;
}

function errorBody(text: string): ServerErrorBody {
  try {
    const body = JSON.parse(text) as unknown;
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
