import * as z from "zod";
import { AccountId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { FILES_HERE, SECRETS_HERE } from "./errorKinds.ts";
import { PhraseStrength } from "./phraseStrength.ts";

/**
 * How this computer keeps the accounts' secrets.
 * - `keychain`: in the operating system's keychain.
 * - `unprotected`: there is no keychain and nothing has been chosen; accounts cannot be added until it is.
 * - `passphrase`: behind a passphrase of the person's; `locked` until it is given after each start.
 * - `this_time_only`: in memory; accounts added now are forgotten when the app closes.
 */
export const SecretsState = z.object({
  protection: z.enum(["keychain", "unprotected", "passphrase", "this_time_only"]),
  locked: z.boolean(),
  /** The keychain exists but did not answer: what it said, in the app's words. Nothing is written while this is so. */
  keychainProblem: z.enum(["locked", "unreachable"]).nullable(),
});
export type SecretsState = z.infer<typeof SecretsState>;

/** The accounts whose secrets are sealed with a key in the keychain, and those sealed with a passphrase, whichever it was. */
export const WhereKept = z.object({ keychain: z.array(AccountId), passphrase: z.array(AccountId) });
export type WhereKept = z.infer<typeof WhereKept>;

const passphrase = secretText("passphrase", z.string().min(1).max(4096));

export const secrets = domain({
  requests: {
    state: request(z.object({}), SecretsState, []),
    /** Asks the keychain again, after the person has unlocked it. */
    retryKeychain: request(z.object({}), SecretsState, SECRETS_HERE),
    /** How hard a passphrase is to guess; 3 is needed. */
    passphraseStrength: request(z.object({ passphrase: secretText("passphrase", z.string().max(4096)) }), PhraseStrength, []),
    whereKept: request(z.object({}), WhereKept, FILES_HERE),
    /** For a computer without a keychain that can be used: chooses a passphrase. Weak ones (zxcvbn below 3) are refused. */
    choosePassphrase: request(z.object({ passphrase }), SecretsState, [...SECRETS_HERE, "weak_phrase"]),
    chooseThisTimeOnly: request(z.object({}), SecretsState, SECRETS_HERE),
    unlock: request(z.object({ passphrase }), SecretsState, [...SECRETS_HERE, "wrong_passphrase"]),
    /**
     * Goes on without a passphrase that was forgotten. Nothing is deleted: what it seals is put aside. The accounts in it
     * say `passphrase_forgotten` from then on, and can sign in again.
     */
    forgetPassphrase: request(z.object({}), SecretsState, SECRETS_HERE),
    /** Takes back what was put aside when this passphrase was forgotten. */
    recallPassphrase: request(z.object({ passphrase }), SecretsState, [...SECRETS_HERE, "wrong_passphrase"]),
  },
  events: { changed: SecretsState },
});
