import { fetchThumbnail } from "../account/avatars.ts";
import { uploadPicture } from "../account/pictureUpload.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AdminApi } from "./adminApi.ts";

/** A small version of a picture of the server's; null where there is none that can be shown. @throws where it cannot be had now */
export async function showAvatar(api: AdminApi, mxc: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await api.atBase((homeserver, signal) => fetchThumbnail(homeserver, mxc, signal));
  } catch (thrown) {
    if (!(thrown instanceof AppFailure)) throw thrown;
    const { error } = thrown;
    const isNone = error.kind === "bad_answer" || error.kind === "not_found" || (error.kind === "server" && error.status < 500);
    if (isNone) return null;
    throw thrown;
  }
}

/** Uploads a picture from the admin's own account, whose file it stays. @returns its address. @throws `too_large`, and what the server says */
export function uploadAvatar(api: AdminApi, image: Uint8Array, mimeType: string): Promise<string> {
  return api.atBase((homeserver, signal) => uploadPicture(homeserver, image, mimeType, signal));
}
