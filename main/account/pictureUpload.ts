import * as z from "zod";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";

const MediaConfig = z.object({ "m.upload.size": z.number().int().positive().nullish().catch(null) });
const Uploaded = z.object({ content_uri: z.string().max(2048).startsWith("mxc://") });

/** A picture takes as long as the line is slow. Milliseconds. */
const UPLOAD_MS = 300_000;

/** The largest upload that a server takes, in bytes; null where it does not say. */
export async function uploadLimit(homeserver: HomeserverClient): Promise<number | null> {
  const ask = (path: string): Promise<z.infer<typeof MediaConfig>> => homeserver.json({ path, schema: MediaConfig });
  try {
    const config = await ask("/_matrix/client/v1/media/config").catch((thrown: unknown) => {
      // Where it was before Matrix 1.11.
      if (thrown instanceof AppFailure && (thrown.error.kind === "server" || thrown.error.kind === "not_found")) {
        return ask("/_matrix/media/v3/config");
      }
      throw thrown;
    });
    return config["m.upload.size"] ?? null;
  } catch {
    return null;
  }
}

/**
 * Uploads a picture. The size is compared with the server's limit before anything is sent.
 *
 * @returns its `mxc:` address
 * @throws `too_large`, and what the server says
 */
export async function uploadPicture(
  homeserver: HomeserverClient,
  image: Uint8Array,
  mimeType: string,
  signal: AbortSignal,
): Promise<string> {
  const limitBytes = await uploadLimit(homeserver);
  if (limitBytes !== null && image.byteLength > limitBytes) throw fail("too_large", { limitBytes });
  const { content_uri: mxc } = await homeserver.json({
    method: "POST",
    path: "/_matrix/media/v3/upload",
    body: image,
    contentType: mimeType,
    signal,
    limits: { answerMs: UPLOAD_MS },
    schema: Uploaded,
  });
  return mxc;
}
