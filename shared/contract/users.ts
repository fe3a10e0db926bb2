import * as z from "zod";
import { UserId } from "../ids.ts";

/** A user of a homeserver as its list names them. What an older server does not say is null. */
export const UserRow = z.object({
  userId: UserId,
  displayName: z.string().max(1000).nullable(),
  admin: z.boolean(),
  guest: z.boolean(),
  deactivated: z.boolean(),
  erased: z.boolean().nullable(),
  locked: z.boolean().nullable(),
  shadowBanned: z.boolean().nullable(),
  /** `bot`, `support` or a type of the server's own; null for a person. */
  userType: z.string().max(255).nullable(),
  /** Milliseconds since 1970. */
  createdAt: z.number().nullable(),
  /** Milliseconds since 1970. Null means that it is not known: servers forget it after some weeks. */
  lastSeenAt: z.number().nullable(),
});
export type UserRow = z.infer<typeof UserRow>;

/** An email address or phone number of a user. */
export const UserThreepid = z.object({
  medium: z.enum(["email", "msisdn"]),
  address: z.string().min(1).max(500),
});
export type UserThreepid = z.infer<typeof UserThreepid>;

/** Whom a provider of single sign-on knows a user as. */
export const ExternalId = z.object({
  provider: z.string().min(1).max(255),
  id: z.string().min(1).max(1000),
});
export type ExternalId = z.infer<typeof ExternalId>;

/** Everything that a server says of one user. */
export const User = UserRow.extend({
  avatarMxc: z.string().max(2048).nullable(),
  suspended: z.boolean().nullable(),
  threepids: z.array(UserThreepid),
  externalIds: z.array(ExternalId),
  /** The bridge or other application service that the user belongs to. */
  appserviceId: z.string().max(255).nullable(),
});
export type User = z.infer<typeof User>;
