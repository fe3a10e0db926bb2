import * as z from "zod";
import { AccountId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { User } from "./users.ts";

/** From where a user has used the server, as far as it still remembers. */
export const UserConnection = z.object({
  ip: z.string().max(100),
  /** Milliseconds since 1970; null where it is not known. */
  lastSeenAt: z.number().nullable(),
  userAgent: z.string().max(500).nullable(),
});
export type UserConnection = z.infer<typeof UserConnection>;

/** Where the server sends a user's notifications. */
export const UserPusher = z.object({
  /** `email` or `http`, or a kind of the server's own. */
  kind: z.string().max(100),
  app: z.string().max(300),
  device: z.string().max(300).nullable(),
});
export type UserPusher = z.infer<typeof UserPusher>;

/** One entry of a user's account data. What is in it stays with the server: keys are among it, and what people wrote. */
export const UserAccountData = z.object({
  type: z.string().max(300),
  /** Null for what belongs to no room. */
  roomId: z.string().max(255).nullable(),
  /** Of its content as JSON, in bytes. */
  bytes: z.number().int().nonnegative(),
});
export type UserAccountData = z.infer<typeof UserAccountData>;

/** How often a user may send messages, in place of what the server's configuration says. Both 0: as often as they like. */
export const RateLimit = z.object({
  messagesPerSecond: z.number().int().min(0).max(1_000_000),
  burstCount: z.number().int().min(0).max(1_000_000),
});
export type RateLimit = z.infer<typeof RateLimit>;

/** What a user has uploaded. */
export const UserMediaSum = z.object({
  count: z.number().int().nonnegative(),
  /** Null where there is too much of it to be added up. */
  bytes: z.number().nonnegative().nullable(),
});
export type UserMediaSum = z.infer<typeof UserMediaSum>;

const oneUser = z.object({ accountId: AccountId, userId: UserId });
const limit = z.object({ limit: RateLimit.nullable() });
const features = z.object({ features: z.array(z.object({ id: z.string().max(100), enabled: z.boolean() })) });

/** How a user belongs to a room that they have not joined, in the words of the specification. */
export const OtherMembership = z.enum(["invite", "knock", "leave", "ban"]);
export type OtherMembership = z.infer<typeof OtherMembership>;

/** The first of those rooms, and how many there are. */
export const OtherRooms = z.object({
  rooms: z.array(z.object({ roomId: z.string().max(255), name: z.string().max(1000).nullable(), membership: OtherMembership })),
  total: z.number().int().nonnegative(),
});
export type OtherRooms = z.infer<typeof OtherRooms>;

const sinceCounts = z.object({ ever: z.number().int().nonnegative(), lastWeek: z.number().int().nonnegative() });

/** What a user did in rooms; null where the server does not count that. */
export const RoomActivity = z.object({ invitesSent: sinceCounts.nullable(), roomsJoined: sinceCounts.nullable() });
export type RoomActivity = z.infer<typeof RoomActivity>;

/** A picture as it is uploaded. */
export const SquarePicture = z.object({
  image: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength > 0 && bytes.byteLength <= 50_000_000),
  mimeType: z.enum(["image/png", "image/jpeg", "image/webp"]),
});

/**
 * What a server keeps of one user besides who they are, for its admins. Each is asked for by itself and fails by itself, as
 * `AdminApi` does.
 */
export const userServerData = domain({
  requests: {
    /** Seen last first. */
    connections: request(oneUser, z.object({ connections: z.array(UserConnection) }), ANY_ADMIN),
    pushers: request(oneUser, z.object({ pushers: z.array(UserPusher) }), ANY_ADMIN),
    /** The largest first; `total` counts those that are not listed too. */
    accountData: request(oneUser, z.object({ entries: z.array(UserAccountData), total: z.number().int() }), ANY_ADMIN),
    /** Rooms that the user was invited to, has left, was banned from or knocks at. */
    otherRooms: request(oneUser, OtherRooms, ANY_ADMIN),
    roomActivity: request(oneUser, RoomActivity, ANY_ADMIN),
    media: request(oneUser, UserMediaSum, ANY_ADMIN),
    rateLimit: request(oneUser, limit, ANY_ADMIN),
    /** Null: as the server's configuration says. Throws `change_not_taken`. */
    setRateLimit: request(oneUser.extend(limit.shape), limit, [...ANY_ADMIN, "change_not_taken"]),
    features: request(oneUser, features, ANY_ADMIN),
    /** Throws `change_not_taken`. */
    setFeature: request(oneUser.extend({ id: z.string().min(1).max(100), enabled: z.boolean() }), features, [
      ...ANY_ADMIN,
      "change_not_taken",
    ]),
    /** Which version of the server's terms a user has agreed to, and when; null for none. */
    consent: request(oneUser, z.object({ version: z.string().max(200).nullable(), at: z.number().nullable() }), ANY_ADMIN),
    /** A small version of a user's picture; null where they have none, or none that can be shown. */
    avatar: request(oneUser, z.object({ image: z.instanceof(Uint8Array).nullable() }), ANY_ADMIN),
    /** Uploads a square picture, from the admin's account, and gives it to the user. Throws `too_large`, `change_not_taken`. */
    setAvatar: request(oneUser.extend(SquarePicture.shape), User, [...ANY_ADMIN, "change_not_taken"]),
    /** Throws `change_not_taken`. */
    removeAvatar: request(oneUser, User, [...ANY_ADMIN, "change_not_taken"]),
  },
  events: {},
});
