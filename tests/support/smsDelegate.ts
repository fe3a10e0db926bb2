import { randomInt, randomUUID } from "node:crypto";
import { LocalServer } from "./localServer.ts";

/** A text message as it would have reached a phone. */
export interface TextMessage {
  /** Digits alone, with the country's code. */
  to: string;
  code: string;
}

/**
 * What sends codes to phones for a Synapse (`account_threepid_delegates`), of our own making: the real ones want a paid
 * account somewhere. It has the three endpoints of the old identity service API that Synapse calls, and keeps what it would send.
 */
export class SmsDelegate {
  /** Oldest first. */
  readonly messages: TextMessage[] = [];
  /** Set: what it answers when a code is to be sent. */
  refusal: { status: number; body: object } | null = null;
  readonly #server: LocalServer;
  readonly #validations = new Map<string, Validation>();

  private constructor(server: LocalServer) {
    this.#server = server;
  }

  static async start(): Promise<SmsDelegate> {
    let delegate: SmsDelegate | null = null;
    const server = await LocalServer.start((response, { path, body }) => {
      const { status, body: answer } = delegate?.answer(path, body) ?? { status: 503, body: {} };
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
    delegate = new SmsDelegate(server);
    return delegate;
  }

  /** What makes a Synapse use it. */
  get synapseConfig(): object {
    return { account_threepid_delegates: { msisdn: this.#server.baseUrl } };
  }

  /** The codes that were sent to a number. */
  codes(to: string): string[] {
    return this.messages.filter((message) => message.to === to).map(({ code }) => code);
  }

  /** Its codes no longer work. */
  expire(): void {
    this.#validations.clear();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  answer(address: string, body: string): { status: number; body: object } {
    const { pathname, searchParams } = new URL(address, "http://delegate");
    const given = (body === "" ? {} : JSON.parse(body)) as Record<string, string>;
    switch (pathname.replace("/_matrix/identity/api/v1/", "")) {
      case "validate/msisdn/requestToken":
        return this.refusal ?? this.#send(given);
      case "validate/msisdn/submitToken":
        return this.#take(given);
      case "3pid/getValidated3pid":
        return this.#validated(searchParams.get("sid") ?? "", searchParams.get("client_secret") ?? "");
      default:
        return { status: 404, body: { errcode: "M_UNRECOGNIZED", error: "no such endpoint" } };
    }
  }

  #send({ country = "", phone_number: number = "", client_secret: secret = "", send_attempt: attempt = "" }: Record<string, string>) {
    const to = inFull(country, number);
    let [sid, validation] = [...this.#validations].find(([, one]) => one.secret === secret && one.to === to) ?? [];
    if (sid === undefined || validation === undefined) {
      sid = randomUUID();
      validation = { to, secret, code: String(randomInt(100_000, 1_000_000)), attempt: 0, validated: false };
      this.#validations.set(sid, validation);
    }
    if (Number(attempt) > validation.attempt) {
      validation.attempt = Number(attempt);
      this.messages.push({ to, code: validation.code });
    }
    return { status: 200, body: { sid, success: true, msisdn: to, intl_fmt: `+${to}` } };
  }

  #take({ sid = "", client_secret: secret = "", token = "" }: Record<string, string>) {
    const validation = this.#validations.get(sid);
    if (validation?.secret !== secret) return { status: 404, body: { errcode: "M_NO_VALID_SESSION", error: "no such session" } };
    if (validation.code !== token) return { status: 400, body: { errcode: "M_TOKEN_INCORRECT", error: "wrong code" } };
    validation.validated = true;
    return { status: 200, body: { success: true } };
  }

  #validated(sid: string, secret: string) {
    const validation = this.#validations.get(sid);
    if (validation?.secret !== secret || !validation.validated) {
      return { status: 404, body: { errcode: "M_SESSION_NOT_VALIDATED", error: "not validated" } };
    }
    return { status: 200, body: { medium: "msisdn", address: validation.to, validated_at: Date.now() } };
  }
}

interface Validation {
  to: string;
  secret: string;
  code: string;
  attempt: number;
  validated: boolean;
}

const COUNTRY_CODES: Readonly<Record<string, string>> = { GB: "44", DE: "49", US: "1" };

/** A number as the world dials it: enough for the numbers of the tests. */
function inFull(country: string, number: string): string {
  const digits = number.replace(/\D/g, "");
  return number.trim().startsWith("+") ? digits : `${COUNTRY_CODES[country] ?? ""}${digits.replace(/^0/, "")}`;
}
