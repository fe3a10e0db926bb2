import { randomBytes } from "node:crypto";
import * as z from "zod";
import { DeviceId, UserId } from "../../shared/ids.ts";

/** What is kept, sealed, of an account that is being created. The password is not: it stays in memory. */
export const RegistrationRecord = z.object({
  kind: z.literal("registration"),
  serverName: z.string().nullable(),
  baseUrl: z.string(),
  username: z.string(),
  email: z.string().nullable(),
  /** Of the session that will come of it: so a repeated request gives the same one again. */
  deviceId: DeviceId,
  /** The secret that proves that a validated email address is ours (Client-Server API, `client_secret`). */
  clientSecret: z.string(),
  /** The mail that was asked for last: how many there were, for any address, and how the server calls the validation. */
  mail: z.object({ address: z.string(), attempt: z.number().int(), sid: z.string().nullable() }).nullable(),
  /** The server's session of user-interactive authentication. */
  uiaSession: z.string().nullable(),
  /** Who came of it, once the server has said so. */
  made: z.object({ userId: UserId, deviceId: DeviceId, baseUrl: z.string() }).nullable(),
});
export type RegistrationRecord = z.infer<typeof RegistrationRecord>;

const CLIENT_SECRET_BYTES = 32;

/** A `client_secret` of 256 random bits, in the letters that servers take. */
export function newClientSecret(): string {
  return randomBytes(CLIENT_SECRET_BYTES).toString("base64url");
}
