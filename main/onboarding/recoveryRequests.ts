import * as z from "zod";
import { type AppError, AppFailure, fail, type PasswordRefusal } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import { mayBeDone } from "../http/lostAnswer.ts";
import { withoutPassword } from "../http/passwordRefusal.ts";
import type { Fetch } from "../http/redirects.ts";
import { retryKind } from "../http/retry.ts";
import { demandIn } from "../http/uiaDemand.ts";
import type { RecoveryRecord } from "./recoveryRecord.ts";

const EMAIL_STAGE = "m.login.email.identity";
/** Whoever is not signed in yet waits less long than an account does. Milliseconds. */
const ANSWER_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

const TokenAnswer = z.object({ sid: z.string().min(1).max(255) });

/** What became of a request to set the password. */
export type SetOutcome =
  | { kind: "done" }
  /** The link has not been used, as far as the server says. */
  | { kind: "not_yet"; session: string | null }
  | { kind: "refused"; reason: PasswordRefusal }
  /** The server has forgotten the authentication. */
  | { kind: "session_unknown" }
  /** Nothing is known now. `maybeDone`: the server may have set it all the same. */
  | { kind: "trouble"; error: AppError; maybeDone: boolean }
  | { kind: "over"; error: AppError };

/** The requests with which a homeserver sets a password by way of a mail. None of them carries a token. */
export class RecoveryRequests {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /**
   * Asks what the server wants before it sets the password (`POST /_matrix/client/v3/account/password`): so it is known that
   * it takes the password before any mail is sent. Answers the session of the authentication.
   *
   * @throws `password_refused`, `recovery_not_offered`, and what the server says, but never its text, which may quote the
   * password
   */
  async begin(record: RecoveryRecord, newPassword: Password, signal: AbortSignal): Promise<string | null> {
    const homeserver = this.#homeserver(record);
    try {
      await this.#set(homeserver, record, newPassword, null, signal);
    } catch (thrown) {
      const demand = demandIn(thrown);
      if (demand === null) throw offeredOr(withoutPassword(thrown, newPassword), homeserver.host);
      const byMail = demand.flows.some(({ stages }) => stages.length === 1 && stages[0] === EMAIL_STAGE);
      if (!byMail) throw fail("recovery_not_offered", { host: homeserver.host });
      return demand.session ?? null;
    }
    // A server that sets the password of nobody in particular has not understood.
    throw fail("bad_answer", { host: homeserver.host });
  }

  /**
   * Has a mail sent (`POST /_matrix/client/v3/account/password/email/requestToken`). Answers how the server calls the
   * validation.
   *
   * @throws `email_unknown`, `recovery_not_offered`, `mail_not_sent`, `rate_limited`, and what the server says
   */
  async sendMail({ address, clientSecret, sendAttempt, baseUrl }: RecoveryRecord, signal: AbortSignal): Promise<string> {
    const homeserver = this.#homeserver({ baseUrl });
    try {
      const answer = await homeserver.json({
        method: "POST",
        path: "/_matrix/client/v3/account/password/email/requestToken",
        body: { email: address, client_secret: clientSecret, send_attempt: sendAttempt },
        schema: TokenAnswer,
        signal,
      });
      return answer.sid;
    } catch (thrown) {
      throw mailFailure(thrown, homeserver.host);
    }
  }

  /**
   * Sets the password, if the link of that validation was used. Every request has the whole body: Synapse fails when the
   * last lacks the password, and `logout_devices` that is not said means yes. Never rejects, unless it is stopped.
   */
  async trySet(record: RecoveryRecord, sid: string, newPassword: Password, signal: AbortSignal): Promise<SetOutcome> {
    const auth = {
      type: EMAIL_STAGE,
      threepid_creds: { sid, client_secret: record.clientSecret },
      ...(record.uiaSession !== null && { session: record.uiaSession }),
    };
    const homeserver = this.#homeserver(record);
    try {
      await this.#set(homeserver, record, newPassword, auth, signal);
      return { kind: "done" };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const demand = demandIn(thrown);
      if (demand !== null) return { kind: "not_yet", session: demand.session ?? null };
      const failure = withoutPassword(thrown, newPassword);
      if (!(failure instanceof AppFailure)) throw failure;
      return outcomeOf(failure, homeserver.host);
    }
  }

  async #set(
    homeserver: HomeserverClient,
    { signOutOthers }: RecoveryRecord,
    newPassword: Password,
    auth: object | null,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { new_password: newPassword, logout_devices: signOutOthers, ...(auth !== null && { auth }) };
    await homeserver.text({ method: "POST", path: "/_matrix/client/v3/account/password", body, signal });
  }

  #homeserver({ baseUrl }: Pick<RecoveryRecord, "baseUrl">): HomeserverClient {
    const limits = { answerMs: ANSWER_MS, wholeAnswerMs: ANSWER_MS, answerBytes: MAX_ANSWER_BYTES };
    return new HomeserverClient({ fetch: this.#fetch, baseUrl, limits });
  }
}

/** What a refusal without a demand for authentication means while the link is waited for. */
function outcomeOf(failure: AppFailure, host: string): SetOutcome {
  const { error } = failure;
  if (error.kind === "password_refused") return { kind: "refused", reason: error.reason };
  const again = retryKind(error);
  if (again.kind !== "never") return { kind: "trouble", error, maybeDone: mayBeDone(failure) };
  if (error.kind === "server") {
    // What some servers say instead of a demand while the link has not been used.
    if (error.errcode === "M_UNAUTHORIZED" || error.errcode === "M_THREEPID_AUTH_FAILED") return { kind: "not_yet", session: null };
    if (error.status === 400 && error.errcode === "M_UNKNOWN") return { kind: "session_unknown" };
  }
  // A proxy's page in place of an answer, which the next answer may set right; the server may have acted before it.
  if (error.kind === "gateway_error" || error.kind === "bad_answer") return { kind: "trouble", error, maybeDone: true };
  if (error.kind === "not_found") return { kind: "over", error: { kind: "email_unknown", host } };
  // The link was used, and only then does a server say that it changes no passwords.
  if (error.kind === "forbidden") return { kind: "over", error: { kind: "recovery_not_offered", host } };
  return { kind: "over", error };
}

/** What the server does not know at all, or does for signed-in people alone. */
function offeredOr(thrown: unknown, host: string): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  const isUnknown = error.kind === "server" && (error.errcode === "M_UNRECOGNIZED" || error.status === 404 || error.status === 405);
  const offersNot = isUnknown || ["not_found", "unauthenticated", "forbidden"].includes(error.kind);
  return offersNot ? fail("recovery_not_offered", { host }) : thrown;
}

function mailFailure(thrown: unknown, host: string): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind === "server") {
    if (error.errcode === "M_THREEPID_NOT_FOUND") return fail("email_unknown", { host });
    // Synapse, where its SMTP server does not take the mail.
    if (error.status >= 500) return fail("mail_not_sent", { host });
    // Synapse, where it sends no mails at all.
    if (error.status === 400 && error.errcode === "M_UNKNOWN") return fail("recovery_not_offered", { host });
  }
  return offeredOr(thrown, host);
}
