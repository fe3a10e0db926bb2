import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION } from "./errorKinds.ts";

export const Profile = z.object({
  displayName: z.string().nullable(),
  avatarPath: z.string().nullable(),
  /** Largest upload the server takes, in bytes; null when it does not say. */
  uploadLimitBytes: z.number().int().positive().nullable(),
  canChangeDisplayName: z.boolean(),
  canChangeAvatar: z.boolean(),
});
export type Profile = z.infer<typeof Profile>;

const one = z.object({ accountId: AccountId });

export const profile = domain({
  requests: {
    get: request(one, Profile, ANY_SESSION),
    /** An empty name removes it. Lengths are the server's to judge; this bound only keeps nonsense out. */
    setDisplayName: request(one.extend({ displayName: z.string().trim().max(1000) }), Profile, [...ANY_SESSION, "not_allowed_by_server"]),
    /** A square picture, already cropped. */
    setAvatar: request(
      one.extend({
        image: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength > 0 && bytes.byteLength <= 50_000_000),
        mimeType: z.enum(["image/png", "image/jpeg", "image/webp"]),
      }),
      Profile,
      [...ANY_SESSION, "not_allowed_by_server"],
    ),
    removeAvatar: request(one, Profile, [...ANY_SESSION, "not_allowed_by_server"]),
  },
  events: {},
});
