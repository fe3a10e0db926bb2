import * as z from "zod";
import type { PhoneNumber } from "../../shared/contract/phoneNumber.ts";
import type { Availability, RegistrationOffer } from "../../shared/contract/registration.ts";
import { AppFailure } from "../../shared/errors.ts";
import { DeviceId, UserId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import { CodeSent } from "../account/phoneCode.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { Fetch } from "../http/redirects.ts";
import { demandIn } from "../http/uiaDemand.ts";
import type { AuthDict } from "../uia/stage.ts";

const EMAIL = "m.login.email.identity";
const PHONE = "m.login.msisdn";
/** Whoever has no account waits less long than one does, in milliseconds; a mail is sent within a request. */
const ANSWER_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What a server answers when it has created an account; without a token where it signs nobody in. */
export const RegisterAnswer = z.object({
  user_id: UserId,
  access_token: secretText("access token", z.string().min(1).max(4096)).optional(),
  device_id: DeviceId.optional(),
  well_known: z.unknown().optional(),
});

export interface RegisterRequest {
  username: string;
  password: Password;
  deviceId: string;
  sessionName: string;
}

/** The requests about accounts that do not exist yet. None carries a token: servers refuse those that do. */
export class RegistrationApi {
  readonly #homeserver: HomeserverClient;

  /** @param ended stops every request */
  constructor(fetch: Fetch, baseUrl: string, ended?: AbortSignal) {
    const limits = { answerMs: ANSWER_MS, wholeAnswerMs: ANSWER_MS, answerBytes: MAX_ANSWER_BYTES };
    this.#homeserver = new HomeserverClient({ fetch, baseUrl, limits, ...(ended && { ended }) });
  }

  get host(): string {
    return this.#homeserver.host;
  }

  /**
   * Asks for an account (`POST /_matrix/client/v3/register`). Every request has the whole body: some servers keep
   * nothing of it between two. The first must have no `auth` at all.
   *
   * @throws `UiaDemand`, and as `HomeserverClient` does
   */
  register({ username, password, deviceId, sessionName }: RegisterRequest, auth: AuthDict | null) {
    return this.#homeserver.json({
      method: "POST",
      path: "/_matrix/client/v3/register",
      body: {
        username,
        password,
        device_id: deviceId,
        initial_device_display_name: sessionName,
        ...(auth && { auth }),
      },
      schema: RegisterAnswer,
    });
  }

  /**
   * Has a mail sent with a link that proves an address (`POST /register/email/requestToken`).
   *
   * @param attempt a mail is sent only where it is higher than before
   * @returns the server's name for it
   */
  async requestMail(address: string, clientSecret: string, attempt: number): Promise<string> {
    const { sid } = await this.#homeserver.json({
      method: "POST",
      path: "/_matrix/client/v3/register/email/requestToken",
      body: { email: address, client_secret: clientSecret, send_attempt: attempt },
      schema: z.object({ sid: z.string().min(1).max(255) }),
    });
    return sid;
  }

  /**
   * Has a code sent to a phone (`POST /register/msisdn/requestToken`).
   *
   * @param attempt a code is sent only where it is higher than before
   */
  requestCode({ country, number }: PhoneNumber, clientSecret: string, attempt: number): Promise<z.output<typeof CodeSent>> {
    return this.#homeserver.json({
      method: "POST",
      path: "/_matrix/client/v3/register/msisdn/requestToken",
      body: { country, phone_number: number, client_secret: clientSecret, send_attempt: attempt },
      schema: CodeSent,
    });
  }

  /** Whether a user name can be had (`GET /register/available`). @throws as `HomeserverClient` does, where nobody answers */
  async availability(username: string): Promise<Availability> {
    const said = (status: Availability["status"], retryAfterMs: number | null = null): Availability => ({ status, retryAfterMs });
    try {
      const path = "/_matrix/client/v3/register/available";
      const { available } = await this.#homeserver.json({ path, query: { username }, schema: z.object({ available: z.boolean() }) });
      return said(available ? "free" : "taken");
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) throw thrown;
      const { error } = thrown;
      if (error.kind === "rate_limited") return said("unknown", error.retryAfterMs);
      if (error.kind === "forbidden") return said("closed");
      if (error.kind !== "server") return said("unknown");
      if (error.errcode === "M_USER_IN_USE") return said("taken");
      return said(["M_INVALID_USERNAME", "M_EXCLUSIVE"].includes(error.errcode) ? "refused" : "unknown");
    }
  }

  /**
   * What the server wants of everybody who creates an account. It is asked with an empty request, which creates nothing;
   * some servers take none, and then nothing is known beforehand.
   *
   * @throws as `HomeserverClient` does, where nobody answers
   */
  async offer(): Promise<RegistrationOffer> {
    try {
      await this.#homeserver.text({ method: "POST", path: "/_matrix/client/v3/register", body: {} });
    } catch (thrown) {
      const demand = demandIn(thrown);
      if (demand !== null) {
        const wish = (stage: string) => {
          const count = demand.flows.filter(({ stages }) => stages.includes(stage)).length;
          return count === 0 ? "not_offered" : count === demand.flows.length ? "required" : "optional";
        };
        return { open: true, email: wish(EMAIL), phone: wish(PHONE) };
      }
      if (!(thrown instanceof AppFailure)) throw thrown;
      if (thrown.error.kind === "forbidden") return { open: false, email: "unknown", phone: "unknown" };
      if (thrown.error.kind === "network") throw thrown;
    }
    return { open: null, email: "unknown", phone: "unknown" };
  }
}
