import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, DeviceId, ServerName, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, FILES_HERE } from "./errorKinds.ts";

/** Where an account's session stands. */
export const SessionStatus = z.enum(["stopped", "starting", "running", "softLoggedOut", "locked", "failed"]);
export type SessionStatus = z.infer<typeof SessionStatus>;

/** What the account needs, as far as it is known. "unknown" means not asked yet or not answered. */
export const AccountHealth = z.object({
  /** Milliseconds since 1970. */
  checkedAt: z.number(),
  thisSession: z.enum([
    "verified",
    "unverified",
    "no_identity",
    /** The server gives another identity than the one that this session was verified with. */
    "identity_changed",
    "unknown",
  ]),
  secureBackup: z.enum(["working", "not_set_up", "unfinished", "locked_here", "broken", "identity_changed", "unknown"]),
  recoveryEmail: z.discriminatedUnion("kind", [
    /** The address with its middle hidden, for a table that others may see. */
    z.object({ kind: z.literal("set"), masked: z.string().max(400), count: z.number().int() }),
    z.object({ kind: z.literal("none") }),
    z.object({ kind: z.literal("unknown") }),
  ]),
  otherSessions: z
    .object({
      total: z.number().int(),
      unverified: z.number().int(),
      /** Not seen for 90 days. */
      inactive: z.number().int(),
    })
    .nullable(),
  /**
   * The dehydrated device (MSC3814) that another client has set up; "lost" where its secret is stored and the server has
   * none any more. Left out by earlier versions.
   */
  dehydratedDevice: z.enum(["none", "there", "lost", "unknown"]).optional().catch(undefined),
});
export type AccountHealth = z.infer<typeof AccountHealth>;

export const Account = z.object({
  accountId: AccountId,
  userId: UserId,
  deviceId: DeviceId,
  homeserver: z.object({ serverName: ServerName, baseUrl: z.string() }),
  displayName: z.string().nullable(),
  /** A path on our own origin (`/avatars/...`), or null. Main fetches and serves the picture. */
  avatarPath: z.string().nullable(),
  session: z.object({
    status: SessionStatus,
    /** Why the session is not running, when that is not by choice. */
    error: AppError.nullable(),
    /** True from the moment the server stops answering until it answers again. */
    offline: z.boolean(),
  }),
  health: AccountHealth.nullable(),
  /**
   * Room keys that did not come over when this session took the place of another. They lie on this computer until the
   * account is signed out. Absent when there are none.
   */
  roomKeysSetAside: z.number().int().optional(),
});
export type Account = z.infer<typeof Account>;

/** What signing out would cost, in this account's own numbers. */
export const SignOutPreview = z.object({
  thisSession: AccountHealth.shape.thisSession,
  secureBackup: AccountHealth.shape.secureBackup,
  /** True when no other verified session exists. Null when it could not be found out. */
  lastVerifiedSession: z.boolean().nullable(),
  /** Room keys of this session that are not in the key backup. Null when it could not be found out. */
  roomKeysNotBackedUp: z.number().int().nullable(),
  /** Whether this computer keeps the Security Key: it goes with the session. */
  securityKeyKept: z.boolean().nullable(),
  /** Why the session does not run, when that is not by choice: what it has may be out of reach even of main. */
  whyNotRunning: AppError.nullable(),
  /** Null when it was not asked, because the session does not run. */
  serverReachable: z.boolean().nullable(),
});
export type SignOutPreview = z.infer<typeof SignOutPreview>;

const one = z.object({ accountId: AccountId });

export const accounts = domain({
  requests: {
    list: request(z.object({}), z.object({ accounts: z.array(Account) }), []),
    /** The person looks at this account: it starts before others that have not started yet. */
    opened: request(one, z.object({}), []),
    /** Starts again an account that stopped or failed. */
    retry: request(one, z.object({}), ANY_SESSION),
    /** Asks the server about everything on the health page again. */
    refreshHealth: request(one, z.object({ health: AccountHealth }), [...ANY_SESSION, "backup_replaced"]),
    signOutPreview: request(one, SignOutPreview, [...ANY_SESSION, "backup_replaced"]),
    /**
     * Stops the session, signs it out on the server, and removes its crypto store, secrets and entry, whatever state they
     * are in. When the server cannot be told, everything local is removed all the same and `serverTold` is false; with
     * `triedLater`, Steward goes on trying, and `signOutTold` says what became of it. While another process uses the crypto
     * store, nothing is done.
     */
    signOut: request(one, z.object({ serverTold: z.boolean(), triedLater: z.literal(true).optional() }), ANY_SESSION),
    /** Puts the accounts in this order; ids not named keep their place at the end. */
    reorder: request(z.object({ accountIds: z.array(AccountId).max(1000) }), z.object({}), FILES_HERE),
  },
  events: {
    changed: Account,
    removed: one,
    reordered: z.object({ accountIds: z.array(AccountId) }),
    /** A server that could not be told of a sign-out has been told now; or, where `told` is false, Steward has given up. */
    signOutTold: z.object({ userId: UserId, told: z.boolean() }),
  },
});
