import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { stopOf } from "../http/serverErrors.ts";
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

/**
 * Fetches a small version of a picture.
 *
 * @throws `bad_answer` for what is no picture's address, no picture, or too large; what the server says; `network` and its kin
 */
export async function fetchThumbnail(homeserver: HomeserverClient, mxc: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const [, server, media] = /^mxc:\/\/([^/?#]+)\/([^/?#]+)$/.exec(mxc) ?? [];
  if (server === undefined || media === undefined) throw fail("bad_answer", { host: homeserver.host });
  const bytes = await homeserver.bytes({
    // Authenticated media (Client-Server API, "Content Repository", since 1.11).
    path: `/_matrix/client/v1/media/thumbnail/${encodeURIComponent(server)}/${encodeURIComponent(media)}`,
    query: { width: `${THUMBNAIL_PIXELS}`, height: `${THUMBNAIL_PIXELS}`, method: "crop", allow_redirect: "true" },
    signal,
    limits: { answerBytes: LIMIT_BYTES },
    // A server may keep its media elsewhere and send whoever asks on to there, without the token.
    elsewhere: "without_token",
  });
  if (!imageTypeOf(bytes)) throw fail("bad_answer", { host: homeserver.host });
  return new Uint8Array(bytes);
}

/** The accounts' pictures, kept as files so that they are there before any server has answered. */
export class Avatars {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
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
    homeserver: HomeserverClient,
    mxc: string,
    ended: AbortSignal,
  ): Promise<NonNullable<AccountEntry["avatar"]>> {
    const bytes = await fetchThumbnail(homeserver, mxc, ended);
    if (ended.aborted) throw stopOf(ended);
    return this.keep(accountId, mxc, bytes, homeserver.host);
  }

  /** Keeps a picture whose bytes are at hand. Throws `bad_answer` when they are no picture. */
  async keep(accountId: AccountId, mxc: string, bytes: Uint8Array, host: string): Promise<NonNullable<AccountEntry["avatar"]>> {
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
