import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId } from "../ids.ts";
import { secretText, shownSecret } from "../secretSchemas.ts";
import { AccountHealth } from "./accounts.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, CONFIRMING, OPENING_BACKUP, SECRETS_HERE, SETTING_UP, STORED_KEY } from "./errorKinds.ts";
import { PhraseStrength } from "./phraseStrength.ts";
import { SetUp, SetUpKind } from "./setUp.ts";

/** The four secrets that Secure Backup keeps, by their names in the spec (Client-Server API, "Secrets"). */
export const SecretName = z.enum([
  "m.cross_signing.master",
  "m.cross_signing.self_signing",
  "m.cross_signing.user_signing",
  "m.megolm_backup.v1",
]);
export type SecretName = z.infer<typeof SecretName>;

/**
 * The one thing that is wrong, or `working`. The order of this list is the order in which things are looked at: the
 * first that applies is the one that is said.
 */
export const SecureBackupDiagnosis = z.enum([
  "unfinished_set_up",
  /** The server gives another identity than the one that this session was verified with. */
  "identity_changed",
  /** Key storage was turned off, by this client or another. */
  "turned_off",
  "not_set_up",
  /** There are secrets, but no key is named as the default one that other clients ask for. */
  "default_key_missing",
  "key_description_missing",
  "secret_not_stored",
  "secret_unreadable",
  /** A stored secret was opened and is not what belongs to the identity or the backup on the server. */
  "stored_secret_wrong",
  /** What the server says of the backup is of no use; `backupProblem` says why. Everything else was read. */
  "backup_unreadable",
  "backup_missing",
  /** The backup is of an algorithm that Steward does not know. */
  "backup_unknown_kind",
  /** The backup names no public key, or none that is one: nothing can be put into it. */
  "backup_malformed",
  "session_unverified",
  "secret_missing_here",
  /** The backup is not the one whose private key this session has: nothing is uploaded to it. */
  "backup_key_differs",
  "backup_not_connected",
  "key_not_checkable",
  "backup_unsigned",
  "old_keys_left",
  "working",
]);
export type SecureBackupDiagnosis = z.infer<typeof SecureBackupDiagnosis>;

/** The Security Key that this computer keeps for the person to see again; none unless they wanted it. */
export const KeptKeyState = z.object({
  status: z.enum([
    "none",
    /** Opens the Secure Backup there is now. */
    "current",
    /** Opened one that has been replaced or taken away. */
    "older",
    /** What this computer keeps cannot be read now. Nothing was written over it. */
    "unreadable",
  ]),
  /** Where this account's secrets are. In memory nothing is kept. Null when it cannot be told. */
  place: z.enum(["keychain", "passphrase", "memory"]).nullable(),
});
export type KeptKeyState = z.infer<typeof KeptKeyState>;

export const SecureBackupState = z.object({
  diagnosis: SecureBackupDiagnosis,
  /** Milliseconds since 1970 when server and session were read. */
  checkedAt: z.number(),
  /** Whether the private keys here have been shown to match the public ones on the server. */
  proven: z.boolean(),
  identity: z.object({
    exists: z.boolean(),
    thisSessionVerified: z.boolean(),
    /** The public master key of an identity that the person has not said is theirs. Null when there is none. */
    changedTo: z.string().max(255).nullable(),
  }),
  /** The default key of secret storage; null when there is none. */
  key: z
    .object({
      hasPhrase: z.boolean(),
      /** A description without a MAC cannot tell a right key from a wrong one. */
      checkable: z.boolean(),
    })
    .nullable(),
  secrets: z.array(
    z.object({
      name: SecretName,
      /** On the server, encrypted with the default key. */
      stored: z.enum(["stored", "missing", "other_key_only", "malformed", "wrong"]),
      /** In this session's crypto store. */
      here: z.boolean(),
    }),
  ),
  backup: z
    .object({
      version: z.string(),
      algorithm: z.string(),
      keyCount: z.number().int(),
      /** Whether this session has its private key. */
      opensHere: z.boolean(),
      /** This session writes its room keys to it. */
      active: z.boolean(),
      /** This session has its private key. */
      trusted: z.boolean(),
      /** By this session, another verified one, or the identity. */
      signed: z.boolean(),
    })
    .nullable(),
  /** Why it is not known which backup there is; null when it is. */
  backupProblem: AppError.nullable(),
  /**
   * Keys of secret storage that were replaced, or that turning off has left, and that nothing needs any more: what they
   * open was opened here and is elsewhere. Others are told of by `otherKeys`.
   */
  unneededKeys: z.number().int(),
  /** The key that opened this Secure Backup here, when it is not the default one. */
  openedByOtherKey: z.object({ name: z.string().nullable() }).nullable().optional(),
  /** The account data say that no backup of room keys is wanted. */
  turnedOff: z.boolean(),
  dehydratedDevice: AccountHealth.shape.dehydratedDevice,
  keptKey: KeptKeyState,
});
export type SecureBackupState = z.infer<typeof SecureBackupState>;

/** A backup of room keys on the server: the newest, or one that a newer one has replaced. */
export const OlderBackup = z.object({
  version: z.string(),
  algorithm: z.string(),
  /** Whether the algorithm is one that Steward knows. Whatever opens a backup of another kind, it is not here. */
  known: z.boolean(),
  /** By the server's word. */
  keyCount: z.number().int(),
  /** Whether this session has its private key. */
  opensHere: z.boolean(),
});
export type OlderBackup = z.infer<typeof OlderBackup>;

/** What a reset would cost this account. */
export const ResetPreview = z.object({
  /** What must be typed to go on: the Matrix ID up to the colon, without the @. */
  confirmation: z.string(),
  /** Other sessions that are verified now and will not be. */
  verifiedSessionsLost: z.number().int(),
  roomKeys: z.object({
    /** In the backup on the server; null when there is no backup. */
    inBackup: z.number().int().nullable(),
    /** Whether this session can open that backup: then all of them are carried over. */
    opensHere: z.boolean(),
    /** In this session; they are carried over. */
    here: z.number().int(),
  }),
  /** All of them, newest first: each that opens here is carried over and then deleted. */
  backups: z.array(OlderBackup),
  identityExists: z.boolean(),
  /** Another client has set up a dehydrated device, and the server still has it. */
  dehydratedDevice: z.boolean(),
});
export type ResetPreview = z.infer<typeof ResetPreview>;

const OlderBackups = z.object({ backups: z.array(OlderBackup) });

/** What became of an older backup that was to be deleted, in entries. */
export const OlderBackupOutcome = z.object({
  /** False: it stays, as `unopened` or `missing` are not 0. */
  deleted: z.boolean(),
  /** These were put into the newest backup, which lacked them or had them worse. */
  migrated: z.number().int(),
  /** Nothing here opens these. By the server's word where it did not bring them. */
  unopened: z.number().int(),
  /** These open, and are not shown to be in the newest backup. */
  missing: z.number().int(),
});
export type OlderBackupOutcome = z.infer<typeof OlderBackupOutcome>;

/** Secrets that a key other than the default one may open, and earlier contents that were put aside. */
export const OtherKey = z.object({
  /** Null for what was put aside and names no key. */
  keyId: z.string().nullable(),
  /** Given by a person in another client. */
  name: z.string().nullable(),
  hasPhrase: z.boolean(),
  /** The default key itself: then only what was put aside is meant. */
  isDefault: z.boolean(),
  secrets: z.array(SecretName),
  /** How many contents of account data were put aside. */
  putAside: z.number().int(),
});
export type OtherKey = z.infer<typeof OtherKey>;
const OtherKeys = z.object({ keys: z.array(OtherKey) });

const one = z.object({ accountId: AccountId });
const phrase = secretText("Security Key", z.string().min(1).max(4096));
/** What opens Secure Backup: what was typed, or the Security Key that this computer keeps. */
export const KeyOrPhrase = z.union([phrase, z.object({ kept: z.literal(true) })]);
export type KeyOrPhrase = z.output<typeof KeyOrPhrase>;
/** As it is typed. */
export type KeyOrPhraseInput = z.input<typeof KeyOrPhrase>;
const begin = one.extend({
  /** Without it, a set-up. */
  kind: SetUpKind.optional(),
  /** What the person typed to confirm a reset. */
  confirmation: z.string().max(255).optional(),
  /** Whether a reset deletes in the end also those backups that nothing here opens. They stay where this is left out. */
  deleteUnopened: z.boolean().optional(),
});

export const secureBackup = domain({
  requests: {
    state: request(one, SecureBackupState, [...ANY_SESSION, "backup_replaced"]),
    /** How hard a Security Phrase is to guess; 4 is needed. The account's own names count as guessable. */
    phraseStrength: request(one.extend({ phrase: secretText("Security Key", z.string().max(4096)) }), PhraseStrength, ["no_such_account"]),
    /** The set-up under way, or null. */
    setUp: request(one, z.object({ setUp: SetUp.nullable() }), SETTING_UP),
    /**
     * Begins a set-up: makes the Security Key, which crosses to the renderer to be shown, here and in `showKeptKey` and
     * nowhere else. With `method: "phrase"` the key is the one the phrase leads to. A set-up is refused with
     * `secure_backup_exists` when there is one, a change with `session_not_verified` when this session does not have all
     * secrets, a reset with `not_confirmed` when what was typed is not what the preview asked for.
     */
    beginSetUp: request(
      z.discriminatedUnion("method", [begin.extend({ method: z.literal("key") }), begin.extend({ method: z.literal("phrase"), phrase })]),
      z.object({ setUp: SetUp, securityKey: shownSecret("Security Key") }),
      [...SETTING_UP, "conversation_over", "not_confirmed", "secure_backup_absent", "weak_phrase"],
    ),
    /**
     * Copies, saves as a text file or prints the key that waits to be typed back, or the one that this computer keeps.
     * Answers whether it was done. Throws for the latter as `showKeptKey` does.
     */
    keepSecurityKey: request(
      one.extend({ how: z.enum(["copy", "save", "print"]), which: z.enum(["new", "kept"]) }),
      z.object({ kept: z.boolean() }),
      [...ANY_SESSION, ...STORED_KEY, "conversation_over"],
    ),
    /**
     * Keeps the Security Key, sealed, with the account's secrets, after it has opened the Secure Backup. A phrase leads
     * to the key and is not kept itself. `kept_this_time_only` where nothing of the account is written down,
     * `phrase_key_length` where a phrase leads to a key that is none of 256 bits.
     */
    keepOnThisComputer: request(one.extend({ keyOrPhrase: phrase }), SecureBackupState, [
      ...ANY_SESSION,
      ...OPENING_BACKUP,
      "backup_replaced",
      "kept_this_time_only",
      "other_key_opens",
      "phrase_key_length",
    ]),
    /**
     * Shows the key that is kept, after it has been compared with the Secure Backup on the server. Throws
     * `security_key_not_kept`, `kept_key_outdated`.
     */
    showKeptKey: request(one, z.object({ securityKey: shownSecret("Security Key") }), [...ANY_SESSION, ...STORED_KEY]),
    /** Also when the server cannot be reached. */
    forgetKeptKey: request(one, z.object({}), SECRETS_HERE),
    resetPreview: request(one, ResetPreview, ANY_SESSION),
    /** The key typed or pasted back; when it is right, the set-up runs. Resolves when it has ended or stopped. */
    confirmSetUp: request(
      one.extend({
        typed: secretText("Security Key", z.string().max(4096)),
        /**
         * Whether this computer keeps the key once it has been checked. If not, another one it kept is forgotten. Left
         * out where nobody was asked: then it takes the place of another one, if one is kept.
         */
        keepOnThisComputer: z.boolean().optional(),
      }),
      z.object({ setUp: SetUp }),
      [
        ...SETTING_UP,
        ...CONFIRMING,
        "conversation_over",
        "kept_this_time_only",
        "malformed_security_key",
        "not_allowed_by_server",
        "only_to_finish",
        "security_key_not_confirmed",
      ],
    ),
    /** Goes on with a stopped set-up where it stopped. */
    continueSetUp: request(one, z.object({ setUp: SetUp }), [
      ...SETTING_UP,
      ...CONFIRMING,
      "conversation_over",
      "not_allowed_by_server",
      "only_to_finish",
    ]),
    /**
     * Before the key was confirmed: forgets it, nothing was changed. While running: stops after the current request.
     * While stopped: gives it up, as long as the server does not name its key as the account's; `secure_backup_exists`
     * after that, or `only_to_finish` for a change or a reset.
     */
    cancelSetUp: request(one, z.object({}), [...ANY_SESSION, "only_to_finish", "secure_backup_exists"]),
    /**
     * Mends what the state names, and checks it afterwards. What lies in storage needs the Security Key or Phrase to be
     * mended; a signature and old keys do not. When the backup of room keys on the server can be opened by nothing here,
     * a new one is begun only with `newBackup`; else `new_backup_needed` is thrown and nothing was changed. A key that is
     * not the default one becomes it, where the default one is in use only with `makeDefault`; else `other_key_opens` is
     * thrown and nothing was changed. Secrets under other keys go only when they were opened and are the same.
     */
    repair: request(
      one.extend({
        keyOrPhrase: KeyOrPhrase.nullable(),
        newBackup: z.boolean().optional(),
        makeDefault: z.boolean().optional(),
      }),
      SecureBackupState,
      [
        ...ANY_SESSION,
        ...OPENING_BACKUP,
        ...STORED_KEY,
        "backup_replaced",
        "identity_changed",
        "new_backup_needed",
        "other_key_opens",
        "session_not_verified",
      ],
    ),
    /**
     * Deletes the backups of room keys and the stored secrets, and says in the account data that none is wanted. A backup
     * of which this session does not have all stays, unless `deleteUnopened` is given.
     */
    turnOff: request(one.extend({ deleteUnopened: z.boolean().optional() }), SecureBackupState, [...ANY_SESSION, "backup_replaced"]),
    /** Takes that back where secrets and backup are still there; where they are not, a set-up does so. */
    turnOn: request(one, SecureBackupState, [...ANY_SESSION, "backup_replaced"]),
    olderBackups: request(one, OlderBackups, ANY_SESSION),
    /**
     * Deletes one of the older backups, never the newest, after what opens in it was carried over to the newest and shown
     * to be there. It stays where that fails, and where something in it does not open, unless `deleteUnopened` is given.
     * Answers the older ones that are left.
     */
    deleteOlderBackup: request(
      one.extend({ version: z.string().min(1).max(255), deleteUnopened: z.boolean().optional() }),
      OlderBackups.extend({ outcome: OlderBackupOutcome }),
      [...ANY_SESSION, "backup_replaced"],
    ),
    /** What nobody has opened: secrets under keys that are not the default one, and contents that were put aside. */
    otherKeys: request(one, OtherKeys, ANY_SESSION),
    /** Deletes what a key may open, unopened: the person was asked. Answers what is left. */
    deleteOtherKey: request(one.extend({ keyId: z.string().max(255).nullable() }), OtherKeys, [...ANY_SESSION, "backup_replaced"]),
    /**
     * Opens an existing Secure Backup with its Security Key or Phrase, also with one that is not the default key, and
     * verifies this session with it. A recovery key from before secret storage opens its backup of room keys.
     */
    unlock: request(one.extend({ keyOrPhrase: KeyOrPhrase }), SecureBackupState, [
      ...ANY_SESSION,
      ...OPENING_BACKUP,
      ...STORED_KEY,
      "backup_replaced",
      "identity_changed",
    ]),
    /**
     * Says that the identity with this master key, which the state names as `changedTo`, is the person's own. It counts
     * once this session has been verified with it. Throws `identity_replaced` when the server gives yet another.
     */
    acceptIdentity: request(one.extend({ master: z.string().max(255) }), SecureBackupState, [
      ...ANY_SESSION,
      "backup_replaced",
      "identity_replaced",
    ]),
  },
  events: {
    setUpChanged: SetUp,
    stateChanged: one.extend({ state: SecureBackupState }),
  },
});
