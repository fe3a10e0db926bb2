import type { AppErrorKind } from "../errors.ts";

/** What any request may end with: input that does not fit, a caller that is none of ours, a locked window, a defect. */
export const ANY_REQUEST = ["invalid_input", "forbidden_sender", "app_locked", "internal"] as const satisfies readonly AppErrorKind[];

/** What keeping or reading an account's secrets on this computer may end with. */
export const SECRETS_HERE = [
  "secrets_locked",
  "secrets_unprotected",
  "secret_unreadable",
  "secret_missing",
  "passphrase_forgotten",
  "data_too_new",
  "file_failed",
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
  "internal",
] as const satisfies readonly AppErrorKind[];
