import * as z from "zod";
import { AccountId, ConversationId, DeviceId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION } from "./errorKinds.ts";
import { QrCode } from "./qrCode.ts";

/** How many emoji there are to choose from (Client-Server API, "SAS method: emoji"); they are numbered from 0. */
export const SAS_EMOJI_COUNT = 64;

/** What is looked at after both sides have agreed. */
export const VerificationCheck = z.object({
  check: z.enum([
    /** The session that was to be verified (`subject`) is signed by the account's identity. */
    "session_verified",
    /** The identity's private keys, and the backup's where there is one, are in this session and fit the public ones. */
    "secrets_here",
    /** This session writes its room keys to the key backup. */
    "backup_connected",
  ]),
  status: z.enum(["running", "done", "missing"]),
});
export type VerificationCheck = z.infer<typeof VerificationCheck>;

/** Why a verification ended without success. */
export const VerificationEnd = z.enum([
  "cancelled",
  "declined",
  /** The person, here or there, said that the two sides do not show the same. */
  "mismatch",
  /** The keys or what was exchanged do not fit: a broken client, or somebody in between. */
  "key_mismatch",
  "timed_out",
  "answered_elsewhere",
  /** Both sessions asked at the same moment, more than once. */
  "both_asked",
  /** The other session was signed out. */
  "other_gone",
  /** This session stopped. */
  "session_stopped",
  /** The other session cannot do anything that this one can. */
  "no_common_way",
  "other",
]);
export type VerificationEnd = z.infer<typeof VerificationEnd>;

/** How and why it ended without success. */
export const VerificationCancelled = z.object({
  by: z.enum(["us", "them", "nobody"]),
  reason: VerificationEnd,
  /** As the protocol names it (`m.user`, ...), for a report. */
  code: z.string().max(64),
});
export type VerificationCancelled = z.infer<typeof VerificationCancelled>;

/** Seven emoji, each by its number too. */
const SasEmoji = z.array(z.object({ symbol: z.string().max(8), number: z.number().int().min(0).lt(SAS_EMOJI_COUNT) })).length(7);
export type SasEmoji = z.infer<typeof SasEmoji>;

const common = z.object({
  verificationId: ConversationId,
  accountId: AccountId,
  /** What the other session calls itself, where it is known: not to be trusted. */
  deviceName: z.string().max(200).nullable(),
  /** Whether the other session asked. */
  incoming: z.boolean(),
  /** Which of the two sessions gains something: the one that was not verified before. */
  subject: z.enum(["this_session", "other_session"]),
});

/** Any of the account's sessions may answer while it is null. */
const anyDevice = { deviceId: DeviceId.nullable() };
const otherDevice = { deviceId: DeviceId };
/** Milliseconds since 1970 when it ends by itself if nothing happens. */
const expires = { expiresAt: z.number() };
const checks = { checks: z.array(VerificationCheck).max(VerificationCheck.shape.check.options.length) };

/** An interactive verification of two sessions of one account. It lives in main; every change is sent whole. */
export const Verification = z.discriminatedUnion("phase", [
  /** Asked, and not answered: by the other session, or, when `incoming`, by the person here. */
  common.extend({ phase: z.literal("requested"), ...anyDevice, ...expires }),
  /** Both sides are there. The person begins to compare, or has the code scanned that is shown already. */
  common.extend({
    phase: z.literal("ready"),
    ...otherDevice,
    ...expires,
    /** Whether emoji and numbers can be compared with the other session. */
    sas: z.boolean(),
    /** Null where the other session scans none, or none could be made. */
    qr: QrCode.nullable(),
  }),
  /** Emoji and numbers are shown, and wait for the person to say whether they are the same. */
  common.extend({
    phase: z.literal("comparing"),
    ...otherDevice,
    ...expires,
    /** Null where the sessions have agreed on numbers alone. */
    emoji: SasEmoji.nullable(),
    decimals: z.array(z.number().int().min(1000).max(9191)).length(3),
  }),
  /** The other session has scanned the code; the person says whether it shows a success. */
  common.extend({ phase: z.literal("qr_scanned"), ...otherDevice, ...expires }),
  /** Nothing to do here: the other session has to go on. */
  common.extend({ phase: z.literal("waiting_for_other"), ...otherDevice, ...expires }),
  /** Both sides have agreed; now it is looked at what came of it. */
  common.extend({ phase: z.literal("checking"), ...otherDevice, ...checks }),
  common.extend({ phase: z.literal("done"), ...otherDevice, ...checks }),
  common.extend({ phase: z.literal("cancelled"), ...anyDevice, cancelled: VerificationCancelled }),
]);
export type Verification = z.infer<typeof Verification>;
/** A verification in one of these phases. */
export type VerificationIn<P extends Verification["phase"]> = Extract<Verification, { phase: P }>;

const one = z.object({ verificationId: ConversationId });
const nothing = z.object({});

export const verifications = domain({
  requests: {
    /** Those under way, and those that ended and have not been dismissed: what a renderer asks after a reload. */
    list: request(nothing, z.object({ verifications: z.array(Verification) }), []),
    /** With which other sessions this one could be verified. */
    candidates: request(
      z.object({ accountId: AccountId }),
      z.object({
        otherSessions: z.number().int().nonnegative(),
        /** Those of them that the account's identity has signed. */
        verified: z.array(z.object({ deviceId: DeviceId, name: z.string().max(200).nullable() })).max(1000),
      }),
      ANY_SESSION,
    ),
    /**
     * Asks another session, or all of them, to verify. Where that session has asked already, its request is accepted;
     * where one is under way, that one is answered. Refused with `secure_backup_absent` while the account has no
     * identity, `session_not_verified` when neither side is verified, `not_found` when there is no such session.
     */
    request: request(z.object({ accountId: AccountId, deviceId: DeviceId.nullable() }), Verification, [
      ...ANY_SESSION,
      "secure_backup_absent",
      "session_not_verified",
      "identity_changed",
      "conversation_over",
    ]),
    /** Takes up what another session asked for. */
    accept: request(one, nothing, [...ANY_SESSION, "identity_changed", "conversation_over"]),
    /** Begins to compare emoji and numbers. */
    chooseSas: request(one, nothing, [...ANY_SESSION, "conversation_over"]),
    confirmMatch: request(one, nothing, [...ANY_SESSION, "conversation_over"]),
    /** Says that the two sides do not show the same, and ends it. */
    rejectMatch: request(one, nothing, [...ANY_SESSION, "conversation_over"]),
    /** Says that the session that scanned the code shows a success. */
    confirmScanned: request(one, nothing, [...ANY_SESSION, "conversation_over"]),
    /** Ends it, or declines it. The other side is told; should that fail, it has ended here all the same. */
    cancel: request(one, nothing, ["conversation_over"]),
    /** Forgets one that has ended. */
    dismiss: request(one, nothing, ["conversation_over"]),
  },
  events: {
    changed: Verification,
    dismissed: one,
  },
});
