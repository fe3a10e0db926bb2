import * as z from "zod";
import { AccountId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, FILES_HERE } from "./errorKinds.ts";
import { PlainJob } from "./jobs.ts";
import { PhraseStrength } from "./phraseStrength.ts";

/** What can be wrong with one room key in a file or in a backup. */
export const RoomKeyFault = z.enum([
  /** It is no JSON, or longer than any room key. */
  "unreadable",
  "not_a_room_key",
  "unknown_algorithm",
  /** An algorithm that Steward knows by name alone, and the crypto machine not at all. */
  "unsupported_algorithm",
  /** The key itself is damaged, or is another one than its id says. */
  "bad_session_key",
  /** An entry of the backup that its private key does not open. */
  "does_not_decrypt",
  /** The crypto machine does not take it, though it looks right. */
  "refused",
]);
export type RoomKeyFault = z.infer<typeof RoomKeyFault>;

export const RoomKeysOverview = z.object({
  /**
   * `locked`: there is a backup, but its private key is not in this session. `malformed`, `unknown_kind`: there is one,
   * and nothing can be read from it or put into it. `unreadable`: what the server says of it is of no use.
   */
  backup: z.enum(["open", "locked", "none", "malformed", "unknown_kind", "unreadable"]),
  keysInBackup: z.number().int().nonnegative(),
  /** Room keys in this session's own store. */
  keysHere: z.number().int().nonnegative(),
});
export type RoomKeysOverview = z.infer<typeof RoomKeysOverview>;

const RoomId = z.string().min(1).max(255);

export const RoomWithKeys = z.object({
  roomId: RoomId,
  /** Null where the server does not tell it, as for rooms that were left. */
  name: z.string().max(255).nullable(),
  inBackup: z.number().int().nonnegative(),
  here: z.number().int().nonnegative(),
});
export type RoomWithKeys = z.infer<typeof RoomWithKeys>;

const one = z.object({ accountId: AccountId });
const passphrase = secretText("passphrase", z.string().min(1).max(4096));

/** Room keys of an account in key files, in the backup and in this session (Client-Server API, "Key exports"). */
export const roomKeys = domain({
  requests: {
    overview: request(one, RoomKeysOverview, ANY_SESSION),
    /** The rooms that there are keys of, with their names where known. Reads the whole list of the backup. */
    rooms: request(one, z.object({ rooms: z.array(RoomWithKeys) }), [...ANY_SESSION, "backup_replaced"]),
    /** How hard the passphrase of a key file is to guess; 3 is needed. */
    passphraseStrength: request(one.extend({ passphrase: secretText("passphrase", z.string().max(4096)) }), PhraseStrength, [
      "no_such_account",
    ]),
    /**
     * Asks where, then writes the room keys of backup and session together into a key file: a Job. Null when the person
     * chose no place.
     */
    export: request(
      one.extend({
        passphrase,
        /** Null: all. */
        roomIds: z.array(RoomId).min(1).max(50_000).nullable(),
      }),
      z.object({ job: PlainJob.nullable() }),
      [...ANY_SESSION, "backup_replaced", "weak_phrase"],
    ),
    /** Asks which key file is to be imported, and remembers it. Null when the person chose none. */
    chooseFile: request(
      one,
      z.object({
        file: z.object({ name: z.string().max(1024), sizeBytes: z.number().int().nonnegative() }).nullable(),
      }),
      [...FILES_HERE, "no_such_account", "too_large", "not_a_key_file", "key_file_cut", "key_file_rounds"],
    ),
    /** Imports the file that was chosen into the backup and this session: a Job. */
    import: request(one.extend({ passphrase }), z.object({ job: PlainJob }), [
      ...ANY_SESSION,
      "backup_locked",
      "backup_replaced",
      "no_file_chosen",
    ]),
    /** Downloads the backup and opens every entry: a Job that says how many are good, and which are not. */
    verifyBackup: request(one, z.object({ job: PlainJob }), [...ANY_SESSION, "backup_locked", "backup_replaced", "secure_backup_absent"]),
  },
  events: {},
});
