import type * as z from "zod";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { type AccessToken, revealedJson } from "../../shared/secret.ts";
import { authServerError } from "./authServerError.ts";
import { connectionError } from "./connectionErrors.ts";
import { errorBody } from "./errorAnswers.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import type { Elsewhere, Fetch } from "./redirects.ts";
import { RETRY_POLICY, type RetryPolicy, withRetries } from "./retry.ts";
import { sdkFetch } from "./sdkFetch.ts";
import { serverError, stopOf } from "./serverErrors.ts";
import type { TokenSource } from "./tokenKeeper.ts";
import { Demand, UiaDemand } from "./uiaDemand.ts";
import { Wire } from "./wire.ts";

export interface HomeserverClientOptions {
  fetch: Fetch;
  /** Where the client-server API is, without a slash at the end. */
  baseUrl: string;
  /** Where the server's own admin API is, when that is elsewhere; asked each time, null for the base URL. */
  adminBaseUrl?: () => string | null;
  /** Where the authorization server is that has given the tokens; null where none has. */
  authBaseUrl?: string | null;
  /** Whose requests these are; nobody's when left out. */
  tokens?: TokenSource;
  /** Nothing is sent after this is aborted. */
  ended?: AbortSignal;
  /** In place of what a server is given. */
  limits?: Partial<ServerLimits>;
  /** In place of how often and how patiently requests are sent again. */
  retry?: Partial<RetryPolicy>;
}

/** What is asked of a server. */
export interface HomeserverRequest {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** From the base URL on, its variable parts encoded. */
  path: string;
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string is JSON already, and bytes are sent as they are. */
  body?: unknown;
  /** What bytes are, such as `image/png`. */
  contentType?: string;
  /** Which of the server's addresses is meant. */
  at?: "base" | "admin" | "auth";
  /** Stops the request. */
  signal?: AbortSignal;
  /** In place of the client's limits. */
  limits?: Partial<ServerLimits>;
  /**
   * True where doing it twice does no harm: it is then sent again after a 429, a 5xx and a cut connection. Anything else
   * is sent once, whatever becomes of its answer.
   */
  repeatable?: boolean;
  /** Where a GET may be sent on to: nowhere but its own origin, unless said otherwise. */
  elsewhere?: Elsewhere;
}

const NEVER = new AbortController().signal;

/**
 * The one way to a homeserver, for an account or for nobody yet. `README.md` beside this file says what it promises.
 *
 * Every request throws `AppFailure`: what the server answered means (`serverError`), `network` and its kin where there was
 * no answer, `redirected`, `bad_answer`, and what its signal or the end of the session was aborted with. One that changes
 * something and is repeatable throws the loss of an earlier answer before a later refusal (`LostAnswerFailure`). A demand for
 * user-interactive authentication is thrown whole, as `UiaDemand`.
 */
export class HomeserverClient {
  readonly #options: HomeserverClientOptions;
  readonly #wire: Wire;
  readonly #ended: AbortSignal;

  constructor(options: HomeserverClientOptions) {
    this.#options = options;
    this.#ended = options.ended ?? NEVER;
    const limits = { ...SERVER_LIMITS, ...options.limits };
    this.#wire = new Wire({ fetch: options.fetch, limits, ended: this.#ended });
  }

  /** What a server is given, in force for each request from now on. */
  get limits(): ServerLimits {
    return this.#wire.limits;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** Where `at: "admin"` goes. */
  get adminBaseUrl(): string {
    return this.#options.adminBaseUrl?.() ?? this.#options.baseUrl;
  }

  /** Where `at: "auth"` goes. @throws `admin_api_lacks` where the tokens are the homeserver's own */
  get authBaseUrl(): string {
    const { authBaseUrl } = this.#options;
    if (authBaseUrl == null) throw fail("admin_api_lacks", { host: this.host });
    return authBaseUrl;
  }

  /** The homeserver's name and port. */
  get host(): string {
    return new URL(this.#options.baseUrl).host;
  }

  /** The `fetch` for the SDK's client of the same account: the same wire, token and end. */
  sdkFetch(): Fetch {
    const { baseUrl, tokens } = this.#options;
    return sdkFetch({ wire: this.#wire, baseUrl, ...(tokens && { tokens }) });
  }

  /**
   * The same way for a request that ends the session itself: its answer is read to the end all the same. Whoever uses it
   * sees to its end.
   */
  beyondTheEnd(): HomeserverClient {
    const { ended: _ended, ...options } = this.#options;
    return new HomeserverClient(options);
  }

  /** As `Wire.settled`: waits for requests that change something, the SDK's as well. */
  settled(milliseconds: number): Promise<{ allAnswered: boolean }> {
    return this.#wire.settled(milliseconds);
  }

  /** As `Wire.sinceChange`: whether what the sync tells may have come of what was done here. */
  sinceChange(area: string): number {
    return this.#wire.sinceChange(area);
  }

  /** Asks for JSON and checks it against a schema: `bad_answer` where it does not fit. */
  async json<T extends z.ZodType>(request: HomeserverRequest & { schema: T }): Promise<z.output<T>> {
    const parsed = request.schema.safeParse(parseJson(await this.text(request)));
    if (!parsed.success) throw fail("bad_answer", { host: this.host });
    return parsed.data;
  }

  /** The same, as the text that came: for whoever parses answers by itself. */
  async text(request: HomeserverRequest): Promise<string> {
    return (await this.bytes(request)).toString("utf8");
  }

  /** The whole answer, as it came. */
  bytes(request: HomeserverRequest): Promise<Buffer> {
    return this.#repeated(request, async () => Buffer.from(await (await this.#answer(request)).arrayBuffer()));
  }

  /** The body of an answer, piece by piece, for whoever takes them at their own pace. Reading rejects as `fetch` does, or with an `AppFailure`. */
  stream(request: HomeserverRequest): Promise<ReadableStream<Uint8Array>> {
    return this.#repeated(request, async () => (await this.#answer(request)).body ?? new Blob().stream());
  }

  #repeated<T>(request: HomeserverRequest, attempt: () => Promise<T>): Promise<T> {
    const once = async (): Promise<T> => {
      try {
        return await attempt();
      } catch (thrown) {
        throw this.#meaningOf(thrown, request.signal);
      }
    };
    if (request.repeatable !== true) return once();
    const changes = (request.method ?? "GET") !== "GET";
    return withRetries(once, { ...RETRY_POLICY, ...this.#options.retry }, request.signal ?? this.#ended, { changes });
  }

  #meaningOf(thrown: unknown, signal: AbortSignal | undefined): unknown {
    if (this.#ended.aborted) return stopOf(this.#ended);
    if (signal?.aborted) return stopOf(signal);
    if (thrown instanceof AppFailure || thrown instanceof UiaDemand) return thrown;
    return new AppFailure(connectionError(thrown, this.host), { cause: thrown });
  }

  /** A good answer. With a token that the server refuses, it is asked for again as long as there is a better one. */
  async #answer(request: HomeserverRequest): Promise<Response> {
    const { tokens } = this.#options;
    let token = await tokens?.accessToken();
    for (;;) {
      const refusal = await this.#once(request, token).catch((thrown: unknown) => {
        if (tokens === undefined || token === undefined) throw thrown;
        if (isFailure(thrown, "unauthenticated")) return thrown;
        // Only somebody who is signed in is asked to prove it once more.
        if (thrown instanceof UiaDemand) tokens.accepted(token);
        throw thrown;
      });
      if (refusal instanceof Response) {
        if (token !== undefined) tokens?.accepted(token);
        return refusal;
      }
      const better = await tokens?.replacementFor(token as AccessToken);
      if (better == null) throw refusal;
      token = better;
    }
  }

  async #once(request: HomeserverRequest, token: AccessToken | undefined): Promise<Response> {
    const { method = "GET", body, signal, limits, elsewhere } = request;
    const response = await this.#wire.send({
      url: this.#urlOf(request),
      init: {
        method,
        headers: headersOf(request, token),
        credentials: "omit",
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" || body instanceof Uint8Array ? (body as BodyInit) : revealedJson(body) }),
        ...(signal && { signal }),
      },
      ...(limits && { limits }),
      ...(elsewhere && { elsewhere }),
    });
    if (response.ok) return response;
    const said = await errorBody(response);
    const demand = response.status === 401 ? Demand.safeParse(said) : null;
    if (demand?.success) throw new UiaDemand(demand.data);
    if (request.at === "auth")
      throw new AppFailure(authServerError(response.status, said, new URL(this.authBaseUrl).host, response.headers));
    throw new AppFailure(serverError(response.status, said, this.host, response.headers));
  }

  #urlOf({ path, query, at = "base" }: HomeserverRequest): URL {
    const baseUrl = at === "admin" ? this.adminBaseUrl : at === "auth" ? this.authBaseUrl : this.baseUrl;
    const url = new URL(baseUrl + path);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return url;
  }
}

function headersOf({ body, contentType = "application/json" }: HomeserverRequest, token: AccessToken | undefined): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (body !== undefined) headers.set("Content-Type", contentType);
  if (token !== undefined) headers.set("Authorization", `Bearer ${token.reveal()}`);
  return headers;
}

/** What a text says as JSON; what is none fits no schema. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
