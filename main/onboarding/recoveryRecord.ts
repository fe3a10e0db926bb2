import * as z from "zod";
import { AccountId } from "../../shared/ids.ts";

/** What is kept, sealed, while a forgotten password is replaced. Neither password is: the new one stays in memory. */
export const RecoveryRecord = z.object({
  kind: z.literal("recovery"),
  /** The account that was signed out here; null where it is not here. */
  signedOut: AccountId.nullable(),
  serverName: z.string().nullable(),
  baseUrl: z.string(),
  acceptInsecureHttp: z.boolean(),
  address: z.string(),
  signOutOthers: z.boolean(),
  /** The secret that proves that the validated email address is ours (Client-Server API, `client_secret`). */
  clientSecret: z.string(),
  /** How often a mail was asked for: a server sends one only for a higher number. */
  sendAttempt: z.number().int(),
  /** When it was asked for last: milliseconds since 1970. */
  sentAt: z.number(),
  /** How the server calls the validations that it has begun, the newest first: a link of each of them counts. */
  sids: z.array(z.string().min(1).max(255)).max(20),
  /** The server's session of user-interactive authentication. */
  uiaSession: z.string().nullable(),
});
export type RecoveryRecord = z.infer<typeof RecoveryRecord>;
