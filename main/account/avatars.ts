import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MatrixClient } from "matrix-js-sdk";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { type Fetch, readBounded } from "../http/requestJson.ts";
import { fetchStaying } from "../http/redirects.ts";
import { connectionError } from "../http/connectionErrors.ts";
import { serverError, stopOf } from "../http/serverErrors.ts";
import { writeDurably } from "../storage/durableFile.ts";
import type { AccountEntry } from "../storage/accountIndex.ts";

/** Largest picture that is fetched and kept, in bytes. Thumbnails of this size are far smaller. */
const LIMIT_BYTES = 4 * 1024 * 1024;
const THUMBNAIL_PIXELS = 128;

export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp";

/** The raster formats that are shown, told by their first bytes: a server's word for it is not taken. */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  const starts = (...signature: number[]): boolean => signature.every((byte, at) => bytes[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return "image/png";
  if (starts(0xff, 0xd8, 0xff)) return "image/jpeg";
  if (starts(0x47, 0x49, 0x46, 0x38)) return "image/gif";
  if (starts(0x52, 0x49, 0x46, 0x46) && Buffer.from(bytes.subarray(8, 12)).toString("latin1") === "WEBP") {
    return "image/webp";
  }
  return null;
}

/** The accounts' pictures, kept as files so that they are there before any server has answered. */
export class Avatars {
  readonly #folder: string;
  readonly #fetch: Fetch;

  constructor(folder: string, fetch: Fetch) {
    this.#folder = folder;
    this.#fetch = fetch;
  }

  #path(accountId: AccountId): string {
    return join(this.#folder, accountId);
  }

  /** The picture for the `app://` handler; null when there is none or it is no picture. */
  async read(accountId: AccountId): Promise<{ bytes: Uint8Array; mimeType: ImageType } | null> {
    try {
      const bytes = await readFile(this.#path(accountId));
      const mimeType = imageTypeOf(bytes);
      return mimeType && { bytes, mimeType };
    } catch {
      return null;
    }
  }

  /**
   * Fetches a small version of the picture and keeps it, unless the session has ended meanwhile: its account may be gone.
   * Answers what the index remembers.
   * Throws `cancelled` then, `bad_answer` for what is no picture or too large, what the server says, and `network` and
   * its kin.
   */
  async fetch(
    accountId: AccountId,
    client: MatrixClient,
    mxc: string,
    ended: AbortSignal,
  ): Promise<NonNullable<AccountEntry["avatar"]>> {
    // Authenticated media (Client-Server API, "Content Repository", since 1.11).
    const url = client.mxcUrlToHttp(mxc, THUMBNAIL_PIXELS, THUMBNAIL_PIXELS, "crop", false, true, true);
    const host = new URL(client.getHomeserverUrl()).host;
    if (!url) throw fail("bad_answer", { host });
    const init: RequestInit = {
      headers: { Authorization: `Bearer ${client.getAccessToken()}` },
      credentials: "omit",
      signal: AbortSignal.timeout(30_000),
    };
    let bytes: Uint8Array;
    try {
      // A server may keep its media elsewhere and send whoever asks on to there, without the token.
      const response = await fetchStaying(this.#fetch, url, init, "without_token");
      if (!response.ok) {
        await response.body?.cancel();
        throw new AppFailure(serverError(response.status, {}, host, response.headers));
      }
      bytes = await readBounded(response, LIMIT_BYTES, host);
    } catch (thrown) {
      throw thrown instanceof AppFailure ? thrown : new AppFailure(connectionError(thrown, host), { cause: thrown });
    }
    if (ended.aborted) throw stopOf(ended);
    return this.keep(accountId, mxc, bytes, host);
  }

  /** Keeps a picture whose bytes are at hand. Throws `bad_answer` when they are no picture. */
  async keep(
    accountId: AccountId,
    mxc: string,
    bytes: Uint8Array,
    host: string,
  ): Promise<NonNullable<AccountEntry["avatar"]>> {
    if (!imageTypeOf(bytes)) throw fail("bad_answer", { host });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.#path(accountId), bytes);
    return { mxc, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
  }

  /** Removes the kept picture. */
  async remove(accountId: AccountId): Promise<void> {
    await rm(this.#path(accountId), { force: true });
  }
}
