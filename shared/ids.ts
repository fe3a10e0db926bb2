import * as z from "zod";

/** Steward's own name for an account it holds: 16 lowercase letters and digits, never shown to people. */
export const AccountId = z
  .string()
  .regex(/^[a-z0-9]{16}$/)
  .brand<"AccountId">();
export type AccountId = z.infer<typeof AccountId>;

/** Names one conversation (a Challenge, a Job, a Verification) for as long as it lives. */
export const ConversationId = z
  .string()
  .regex(/^[a-z0-9]{16}$/)
  .brand<"ConversationId">();
export type ConversationId = z.infer<typeof ConversationId>;

/**
 * A full Matrix user id, `@localpart:server`. Historical localparts may hold any printable character, so only the
 * shape and the length are checked (spec, appendices, "User identifiers": at most 255 bytes).
 */
export const UserId = z
  .string()
  .max(255)
  .regex(/^@[^:\s]*:[^\s]+$/);

/** A device id as the server gave it: opaque, but bounded. */
export const DeviceId = z.string().min(1).max(512);

/** A homeserver's name (the part after the colon of a Matrix ID): host with an optional port. */
export const ServerName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s/?#@]+$/);

/** The URL at which a homeserver answers the client-server API. */
export const BaseUrl = z.url({ protocol: /^https?$/ }).max(2048);
