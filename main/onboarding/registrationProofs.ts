import { type AppError, AppFailure } from "../../shared/errors.ts";
import { handInCode } from "../account/phoneCode.ts";
import { asCodeSendRefusal } from "../account/phoneRefusal.ts";
import type { Fetch } from "../http/redirects.ts";
import type { RegistrationApi } from "./registrationApi.ts";
import { isCut, mailFailure } from "./registrationErrors.ts";
import type { KeptRegistration, RegistrationRecord } from "./registrationRecord.ts";

type Code = NonNullable<RegistrationRecord["code"]>;

/**
 * The mails and codes that prove that an address and a number are the person's. Each attempt is sealed before the server
 * is asked: after a crash in between, the same number again would be silence.
 */
export class RegistrationProofs {
  readonly #api: RegistrationApi;
  readonly #kept: KeptRegistration;
  readonly #fetch: Fetch;
  readonly #ended: AbortSignal;

  constructor(api: RegistrationApi, kept: KeptRegistration, fetch: Fetch, ended: AbortSignal) {
    this.#api = api;
    this.#kept = kept;
    this.#fetch = fetch;
    this.#ended = ended;
  }

  /** The server's name for the proof of the address that is wanted now; null while no mail was sent to it. */
  get mailSid(): string | null {
    const { mail, email } = this.#kept.record;
    return mail !== null && mail.address === email ? mail.sid : null;
  }

  /** The code for the number that is wanted now; null while none was sent to it. */
  get code(): (Code & { sid: string }) | null {
    const { code, phone } = this.#kept.record;
    if (code?.sid == null || phone === null || code.for.country !== phone.country || code.for.number !== phone.number) return null;
    return { ...code, sid: code.sid };
  }

  /** Has a mail sent. @returns why none was */
  async requestMail(): Promise<AppError | null> {
    const { email: address, mail, clientSecret } = this.#kept.record;
    if (address === null) return null;
    const attempt = (mail?.attempt ?? 0) + 1;
    await this.#kept.save({ mail: { address, attempt, sid: this.mailSid } });
    return this.#whyNot(
      async () => {
        const sid = await this.#twice(() => this.#api.requestMail(address, clientSecret, attempt));
        await this.#kept.save({ mail: { address, attempt, sid } });
      },
      ({ error }) => mailFailure(error, this.#api.host),
    );
  }

  /** Has a code sent. @returns why none was */
  async requestCode(): Promise<AppError | null> {
    const { phone, code, clientSecret } = this.#kept.record;
    if (phone === null) return null;
    const attempt = (code?.attempt ?? 0) + 1;
    const before = this.code ?? { sid: null, msisdn: null, submitUrl: null, verified: false };
    await this.#kept.save({ code: { ...before, for: phone, attempt } });
    return this.#whyNot(
      async () => {
        const sent = await this.#twice(() => this.#api.requestCode(phone, clientSecret, attempt));
        const { sid, msisdn, submit_url: submitUrl } = sent;
        // Another validation has a code of its own.
        const verified = before.verified && before.sid === sid;
        await this.#kept.save({ code: { for: phone, attempt, sid, msisdn, submitUrl, verified } });
      },
      (failure) => {
        if (failure.error.kind === "forbidden") return { kind: "registration_closed", host: this.#api.host };
        const refusal = asCodeSendRefusal(failure);
        return refusal instanceof AppFailure ? refusal.error : failure.error;
      },
    );
  }

  /** Gives the server the code that was sent. @returns why it is not taken */
  async handIn(typed: string): Promise<AppError | null> {
    const { code } = this;
    if (code?.submitUrl == null) return null;
    const { submitUrl, sid } = code;
    const { baseUrl, clientSecret } = this.#kept.record;
    return this.#whyNot(
      async () => {
        await handInCode({ fetch: this.#fetch, baseUrl, submitUrl, clientSecret, sid, code: typed }, this.#ended);
        await this.#setVerified(true);
      },
      ({ error }) => error,
    );
  }

  /** The server does not know of the right code any more: another one is needed. */
  async codeIsGone(): Promise<void> {
    await this.#setVerified(false);
  }

  async #setVerified(verified: boolean): Promise<void> {
    const { code } = this;
    if (code) await this.#kept.save({ code: { ...code, verified } });
  }

  /** With the same number nothing is sent a second time when the first answer was lost. */
  #twice<T>(ask: () => Promise<T>): Promise<T> {
    return ask().catch((thrown: unknown) => (isCut(thrown) ? ask() : Promise.reject(thrown as Error)));
  }

  async #whyNot(act: () => Promise<void>, meaning: (failure: AppFailure) => AppError): Promise<AppError | null> {
    try {
      await act();
      return null;
    } catch (thrown) {
      if (this.#ended.aborted || !(thrown instanceof AppFailure)) throw thrown;
      return meaning(thrown);
    }
  }
}
