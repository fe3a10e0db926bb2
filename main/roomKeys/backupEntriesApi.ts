import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { connectionError } from "../http/connectionErrors.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { lastAnswer } from "../http/lostAnswer.ts";
import { stopOf } from "../http/serverErrors.ts";

const KEYS = "/_matrix/client/v3/room_keys/keys";
/** A server gathers a whole backup before it sends the first byte of it, and sends as long as it takes. */
const OF_DOWNLOAD = { answerMs: 300_000, wholeAnswerMs: Infinity, answerBytes: Infinity };

/** What is downloaded and where to. */
export interface TransferOptions {
  homeserver: HomeserverClient;
  /** The backup's version. */
  version: string;
  signal: AbortSignal;
}

/**
 * Carries the entries of one key backup from and to the server. A download is handed on piece by piece, for whoever
 * takes them at their own pace, and never held as a whole. Throws `AppFailure`; `backup_replaced` when the server no
 * longer has this version as its newest.
 */
export class BackupEntriesApi {
  readonly #options: TransferOptions;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** The homeserver's name and port. */
  get host(): string {
    return this.#options.homeserver.host;
  }

  /**
   * The next piece of `GET /room_keys/keys`, in memory of its own; null at the end. The first call asks for it, and the
   * first one after the end asks again.
   */
  async pull(): Promise<Uint8Array<ArrayBuffer> | null> {
    this.#reader ??= await this.#open();
    try {
      const { done, value } = await this.#reader.read();
      if (!done) return Uint8Array.from(value);
      this.#reader = null;
      return null;
    } catch (thrown) {
      const { signal } = this.#options;
      if (signal.aborted) throw stopOf(signal);
      throw thrown instanceof AppFailure ? thrown : new AppFailure(connectionError(thrown, this.host), { cause: thrown });
    }
  }

  /** `PUT /room_keys/keys`. Sent again when the server was busy or the connection broke: it changes nothing twice. */
  async upload(body: string): Promise<void> {
    const { homeserver, version, signal } = this.#options;
    const request = { method: "PUT", path: KEYS, query: { version }, body, signal, repeatable: true } as const;
    await this.#ofThisVersion(homeserver.text(request));
  }

  /** Ends a download that is not wanted to its end. */
  async close(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined);
  }

  async #open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { homeserver, version, signal } = this.#options;
    const request = { path: KEYS, query: { version }, signal, limits: OF_DOWNLOAD, repeatable: true };
    return (await this.#ofThisVersion(homeserver.stream(request))).getReader();
  }

  async #ofThisVersion<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (thrown) {
      const last = lastAnswer(thrown);
      const wrongVersion = isFailure(last, "server") && last.error.errcode === "M_WRONG_ROOM_KEYS_VERSION";
      if (wrongVersion || isFailure(last, "not_found")) throw fail("backup_replaced");
      throw thrown;
    }
  }
}
