import type { AppErrorKind } from "../errors.ts";

/** What any request may end with: input that does not fit, a caller that is none of ours, a locked window, a defect. */
export const ANY_REQUEST = ["invalid_input", "forbidden_sender", "app_locked", "internal"] as const satisfies readonly AppErrorKind[];

/** What reading and writing files of ours may end with, and those that the person has named. */
export const FILES_HERE = ["data_too_new", "file_failed"] as const satisfies readonly AppErrorKind[];

/** What keeping or reading an account's secrets on this computer may end with. */
export const SECRETS_HERE = [
  ...FILES_HERE,
  "secrets_locked",
  "secrets_unprotected",
  "secret_unreadable",
  "secret_missing",
  "passphrase_forgotten",
] as const satisfies readonly AppErrorKind[];

/** What a request to a server may end with, whatever is asked: it or the way to it refuses, or nobody understands the answer. */
export const ANY_SERVER = [
  "network",
  "homeserver_not_found",
  "bad_certificate",
  "this_computer_only",
  "redirected",
  "gateway_error",
  "bad_answer",
  "server",
  "rate_limited",
  "forbidden",
  "not_found",
  "too_large",
  "consent_required",
  "resource_limit",
  "unauthenticated",
  "user_deactivated",
  "user_locked",
  "user_suspended",
  "cancelled",
] as const satisfies readonly AppErrorKind[];

/** What using an account's session may end with: it does not run, for whatever reason, or its server says no. */
export const ANY_SESSION = [
  ...ANY_SERVER,
  ...SECRETS_HERE,
  "no_such_account",
  "account_not_running",
  "account_refused_for_now",
  "sign_in_service_unreachable",
  "oauth_denied",
  "oauth_refused",
  "oauth_unusable",
  "store_in_use",
  "store_damaged",
] as const satisfies readonly AppErrorKind[];

/**
 * What is told everywhere in the same way, whatever was asked: nobody can be reached, too often asked, signed out, a locked
 * keychain, a defect. What a request names beside these is its own, and its view has something to say about it.
 */
export const COMMON_ERRORS = [...ANY_REQUEST, ...ANY_SESSION] as const satisfies readonly AppErrorKind[];

/** What asking a server as its admin may end with. */
export const ANY_ADMIN = [
  ...ANY_SESSION,
  "admin_api_not_exposed",
  "admin_api_lacks",
  "admin_address_elsewhere",
  "not_own_server",
] as const satisfies readonly AppErrorKind[];

/** What signing in may end with, and taking what came of it for an account that is here or a new one. */
export const SIGNING_IN = [
  ...ANY_SESSION,
  "insecure_http",
  "unknown_user",
  "wrong_credentials",
  "not_a_homeserver",
  "well_known_invalid",
  "already_signed_in",
  "different_user",
  "foreign_user",
  "conversation_over",
] as const satisfies readonly AppErrorKind[];

/** What a Challenge may end with for the request that waits for it. */
export const CONFIRMING = [
  "wrong_credentials",
  "stage_not_finished",
  "confirmed_by_other",
  "challenge_cancelled",
] as const satisfies readonly AppErrorKind[];

/** What opening the Secure Backup with what a person has typed may end with. */
export const OPENING_BACKUP = [
  "malformed_security_key",
  "wrong_security_key",
  "phrase_unusable",
  "secure_backup_absent",
  "secure_backup_check_failed",
] as const satisfies readonly AppErrorKind[];

/** What a set-up, change or reset of the Secure Backup may end with, in whichever of its steps. */
export const SETTING_UP = [
  ...ANY_SESSION,
  "secure_backup_exists",
  "secure_backup_check_failed",
  "session_not_verified",
  "identity_changed",
  "identity_replaced",
  "backup_replaced",
] as const satisfies readonly AppErrorKind[];

/** What taking the Security Key that is kept on this computer may end with. */
export const STORED_KEY = ["security_key_not_kept", "kept_key_outdated"] as const satisfies readonly AppErrorKind[];

/** What asking an identity server may end with, beside what any server may answer. */
export const ANY_IDENTITY_SERVER = [
  "not_an_identity_server",
  "not_allowed_by_identity_server",
  "identity_terms_unsigned",
  "well_known_invalid",
  "conversation_over",
] as const satisfies readonly AppErrorKind[];
