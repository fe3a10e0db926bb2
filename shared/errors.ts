import * as z from "zod";
import { AccountId } from "./ids.ts";

/** Why a Security Phrase cannot be used: how its key is to be derived is not known, or not within bounds. */
export const PhraseProblem = z.enum(["algorithm", "rounds", "salt", "bits"]);
export type PhraseProblem = z.infer<typeof PhraseProblem>;

/** Why a password was refused: by a rule of the server's, or because it is too easy to guess. */
export const PasswordRefusal = z.enum([
  "too_short",
  "no_digit",
  "no_symbol",
  "no_uppercase",
  "no_lowercase",
  "too_long",
  "in_dictionary",
  "weak",
  "guessable",
]);
export type PasswordRefusal = z.infer<typeof PasswordRefusal>;

/** Why an email address cannot be added to an account. */
export const AddressRefusal = z.enum(["in_use", "already_added", "denied", "invalid", "not_supported", "not_sent"]);
export type AddressRefusal = z.infer<typeof AddressRefusal>;

/** Why a phone number cannot be added to an account. */
export const PhoneRefusal = z.enum([
  "in_use",
  "already_added",
  "denied",
  "invalid",
  "not_supported",
  "not_sent",
  "wrong_code",
  "code_expired",
]);
export type PhoneRefusal = z.infer<typeof PhoneRefusal>;

/** Why nothing came from a server: of the connection to it, or of the proxy before it. */
export const NetworkReason = z.enum([
  "refused",
  "timeout",
  "cut",
  "offline",
  "proxy_unreachable",
  "proxy_password",
  "proxy_denied",
  "proxy_failed",
  "proxy_unsupported",
]);
export type NetworkReason = z.infer<typeof NetworkReason>;

const kind = <K extends string, F extends z.ZodRawShape = Record<never, never>>(name: K, fields?: F) =>
  z.object({ kind: z.literal(name), ...(fields as F) });

/**
 * Everything that can go wrong, as the two sides of the app tell each other. The union is closed: a new member needs a
 * sentence in `renderer/i18n/en.json`, and the architecture test fails until it has one.
 *
 * `server` carries text that a homeserver wrote. It is shown as text and bounded, because a server is not trusted.
 *
 * It is put together when it is first used: its hundred schemas are not needed to show the window.
 */
export const AppError = z.lazy(() =>
  z.discriminatedUnion("kind", [
    // Signing in and staying signed in
    kind("unauthenticated", { softLogout: z.boolean() }),
    kind("wrong_credentials"),
    kind("login_token_refused"),
    kind("sign_in_expired"),
    /** The person, or the page in the browser, said no. */
    kind("oauth_denied", { host: z.string() }),
    /** An authorization server refused something, in its own words. */
    kind("oauth_refused", { host: z.string(), code: z.string().max(100), description: z.string().max(500) }),
    /** An authorization server lacks what Steward needs of one, or answers what was not asked. */
    kind("oauth_unusable", { host: z.string() }),
    /** Tokens cannot be refreshed now. Nothing is lost, and it is tried again. */
    kind("sign_in_service_unreachable", { host: z.string() }),
    /** The server takes no token of the account's, not even one that it has just given: so it does while one is locked. */
    kind("account_refused_for_now"),
    kind("unknown_user", { userId: z.string() }),
    kind("user_deactivated"),
    kind("user_locked"),
    kind("user_suspended"),
    kind("already_signed_in", { accountId: AccountId, userId: z.string() }),
    kind("different_user", { expected: z.string(), got: z.string() }),
    /** A server signed in a user of another server. */
    kind("foreign_user", { expected: z.string(), userId: z.string() }),
    kind("password_refused", { reason: PasswordRefusal }),
    /** The answer was lost, and what the server said afterwards leaves it open. */
    kind("password_maybe_changed"),
    /** No account has that email address. */
    kind("email_unknown", { host: z.string() }),
    /** The server sets no password by way of a mail. */
    kind("recovery_not_offered", { host: z.string() }),
    // Creating an account
    kind("registration_closed", { host: z.string() }),
    /** The server has forgotten the session of the authentication, and what was done in it. */
    kind("registration_expired", { host: z.string() }),
    kind("registration_token_refused"),
    kind("user_name_taken", { username: z.string() }),
    kind("user_name_refused", { username: z.string() }),
    kind("email_in_use"),
    kind("email_refused"),
    kind("email_not_verified"),
    kind("mail_not_sent", { host: z.string() }),
    kind("address_refused", { reason: AddressRefusal }),
    kind("phone_refused", { reason: PhoneRefusal }),
    // The identity server
    kind("not_an_identity_server", { host: z.string() }),
    /** It makes no account for this one: it may take those of some homeservers alone. */
    kind("not_allowed_by_identity_server", { host: z.string() }),
    /** It wants terms agreed to, before or again. */
    kind("identity_terms_unsigned", { host: z.string() }),
    /** An address could not be taken from an identity server. It is still there, and still on the account. */
    kind("stop_sharing_failed"),
    kind("account_not_running"),
    kind("no_such_account"),
    // Finding and reaching a homeserver
    kind("homeserver_not_found", { host: z.string() }),
    kind("not_a_homeserver", { host: z.string() }),
    kind("well_known_invalid", { host: z.string(), reason: z.string().max(300) }),
    kind("insecure_http", { baseUrl: z.string() }),
    /** A trial takes servers of this computer alone. */
    kind("this_computer_only", { host: z.string() }),
    kind("bad_certificate", { host: z.string(), reason: z.string().max(300) }),
    /** The server sends what must stay with it on to this origin. */
    kind("redirected", { host: z.string(), to: z.string().max(300) }),
    /** The proxy, as `host:port`, where a proxy is the reason: nothing has reached the server then. */
    kind("network", { reason: NetworkReason, host: z.string(), proxy: z.string().max(300).optional() }),
    // What a server answers
    kind("rate_limited", { retryAfterMs: z.number().int().nonnegative() }),
    kind("forbidden", { message: z.string().max(500) }),
    kind("not_found"),
    /** The terms to agree to, on a page of the server's; null when it names none that can be opened. */
    kind("consent_required", { host: z.string(), url: z.string().max(2048).nullable() }),
    /** The server takes no more people this month, or no requests at all. Where to ask: a web page or a mail address. */
    kind("resource_limit", { host: z.string(), contact: z.string().max(2048).nullable() }),
    /** Something between here and the homeserver answered in its place. */
    kind("gateway_error", { host: z.string(), status: z.number().int() }),
    kind("bad_answer", { host: z.string() }),
    kind("server", {
      status: z.number().int(),
      errcode: z.string().max(100),
      message: z.string().max(500),
    }),
    /** The limit is null where nobody said it. */
    kind("too_large", { limitBytes: z.number().int().positive().nullable() }),
    kind("not_allowed_by_server"),
    // What an admin asks of a server
    /** What answers at this address is not the admin API: most servers keep it from the internet. */
    kind("admin_api_not_exposed", { host: z.string() }),
    /** The server has no such thing: an older one, or one of another make. */
    kind("admin_api_lacks", { host: z.string() }),
    /** The server at the admin address does not know this account. */
    kind("admin_address_elsewhere", { host: z.string() }),
    /** What was to be changed of a user is no longer as it was when it was looked at. */
    kind("changed_meanwhile"),
    /** The server took the request and left these as they were. */
    kind("change_not_taken", { fields: z.array(z.string().max(100)).max(20) }),
    /** An email address, phone number or external id is another user's. A server would take it from them without a word. */
    kind("contact_of_other_user", { contact: z.string().max(1500), userId: z.string().max(300) }),
    /** The homeserver makes no accounts by a shared secret. */
    kind("shared_secret_off"),
    kind("shared_secret_wrong"),
    kind("not_own_server", { userId: z.string(), serverName: z.string() }),
    // Conversations
    kind("challenge_cancelled"),
    kind("stage_not_finished"),
    kind("confirmed_by_other"),
    kind("cancelled"),
    kind("conversation_over"),
    // Secrets on this computer
    kind("secrets_locked"),
    kind("secrets_unprotected"),
    kind("secret_unreadable"),
    kind("secret_missing"),
    kind("wrong_passphrase"),
    /** Nothing is shown until the person has unlocked the window. */
    kind("app_locked"),
    kind("passphrase_forgotten"),
    kind("store_in_use"),
    kind("store_damaged"),
    kind("data_too_new", { file: z.string() }),
    kind("file_failed", { reason: z.enum(["no_space", "denied", "vanished", "other"]) }),
    // Secure Backup
    kind("weak_phrase"),
    kind("malformed_security_key"),
    kind("wrong_security_key"),
    kind("phrase_unusable", { reason: PhraseProblem }),
    /** Opened by a key that is not the default one: it becomes the default only when the person wants that. */
    kind("other_key_opens", { name: z.string().max(300) }),
    kind("security_key_not_confirmed"),
    kind("secure_backup_exists"),
    kind("secure_backup_absent"),
    kind("secure_backup_check_failed", { failed: z.array(z.string().max(100)).max(10) }),
    kind("session_not_verified"),
    kind("not_confirmed"),
    kind("only_to_finish"),
    kind("identity_replaced"),
    kind("identity_changed"),
    kind("new_backup_needed"),
    kind("security_key_not_kept"),
    kind("kept_key_outdated"),
    kind("kept_this_time_only"),
    /** A phrase leads to a key that cannot be written as a Security Key, which has 256 bits. */
    kind("phrase_key_length", { bits: z.number().int().positive() }),
    // Room keys
    kind("not_a_key_file"),
    kind("key_file_cut"),
    kind("key_file_wrong_passphrase"),
    kind("key_file_rounds", { rounds: z.number().int(), most: z.number().int() }),
    kind("key_file_damaged"),
    kind("no_room_keys"),
    kind("no_file_chosen"),
    // Administration in bulk
    /** No column says who is meant, or there is no row. The cells of the first row, where there is one. */
    kind("csv_without_users", { columns: z.array(z.string().max(100)).max(20) }),
    kind("nothing_to_do"),
    /** The server sends no notices. */
    kind("notices_off"),
    /** An authentication service looks after the users of this server: its admin API would do half of it (MSC3861). */
    kind("users_managed_elsewhere", { host: z.string() }),
    kind("passwords_not_saved"),
    /** What a Job has written down does not fit together any more. */
    kind("job_damaged"),
    kind("backup_locked"),
    kind("backup_replaced"),
    // Newer versions of the app
    /** What was downloaded isn't the file that the signed announcement names. It is deleted. */
    kind("update_not_as_announced"),
    // Inside the app
    /** Each issue is the path of a field and what is wrong with it: `identifier.address: not_an_email`. */
    kind("invalid_input", { issues: z.array(z.string().max(300)).max(20) }),
    kind("forbidden_sender"),
    kind("internal", { ref: z.string() }),
  ]),
);
export type AppError = z.infer<typeof AppError>;
export type AppErrorKind = AppError["kind"];

/** What every request answers. Electron drops an error's fields on the way, so failures travel as values. */
export type Reply<T> = { ok: true; value: T } | { ok: false; error: AppError };

/** Carries an `AppError` where JavaScript wants something to throw. */
export class AppFailure extends Error {
  readonly error: AppError;

  constructor(error: AppError, options?: ErrorOptions) {
    super(error.kind, options);
    this.name = "AppFailure";
    this.error = error;
  }
}

/** Shorthand for `throw fail("not_found")` and its kin. */
export function fail<K extends AppErrorKind>(
  kind: K,
  ...[fields]: keyof Omit<Extract<AppError, { kind: K }>, "kind"> extends never
    ? []
    : [fields: Omit<Extract<AppError, { kind: K }>, "kind">]
): AppFailure {
  return new AppFailure({ kind, ...fields } as AppError);
}

/** A failure of that kind, with the fields of its error. */
export type FailureOf<K extends AppErrorKind> = AppFailure & { readonly error: Extract<AppError, { kind: K }> };

/** Whether `thrown` is a failure of that kind. Where it is, the fields of its error are there without asking again. */
export function isFailure<K extends AppErrorKind>(thrown: unknown, kind: K): thrown is FailureOf<K> {
  return thrown instanceof AppFailure && thrown.error.kind === kind;
}
