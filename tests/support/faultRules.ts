/** What a request must look like. */
export interface RequestMatch {
  /** Any method when left out. */
  method?: string;
  /** Looked for in the path with its query, as the client sent it. */
  path: RegExp;
}

/** What goes wrong. */
export type Fault =
  /** 429 `M_LIMIT_EXCEEDED`, with `retry_after_ms` in the body and `Retry-After` in the head. */
  | { kind: "rateLimit"; retryAfterMs: number }
  /** Any answer: a string is sent as it is, anything else as JSON. */
  | { kind: "answer"; status: number; body?: unknown; headers?: Record<string, string> }
  /** No answer, ever; the connection stays open until the client, `clear` or `stop` ends it. */
  | { kind: "hang" }
  /** The first half of an answer, then the connection is cut. */
  | { kind: "cut" }
  /** A complete answer whose JSON ends too early. */
  | { kind: "malformed" }
  /** The connection is reset before any answer. */
  | { kind: "reset" }
  /** All is well, but late. */
  | { kind: "delay"; ms: number };

/** One fault and the requests it meets. */
export interface FaultRule extends RequestMatch {
  fault: Fault;
  /**
   * `before` (the rule when left out): the server never sees the request, unless the fault is `delay`.
   * `after`: the server has done what was asked, but the client does not learn it.
   */
  when?: "before" | "after";
  /** Lets so many matching requests through first; 0 when left out. */
  skip?: number;
  /** Meets so many and then no more; 1 when left out. `Infinity` for a lasting fault. */
  times?: number;
}

/** A request that went through the proxy. Bytes are those of the bodies, as sent over the wire. */
export interface RecordedRequest {
  /** 1 for the first request since the proxy was started or its record was cleared. */
  number: number;
  method: string;
  /** Path with query. */
  path: string;
  requestBytes: number;
  responseBytes: number;
  /** Null while there is no answer, and for ever where a fault left the client without one. */
  status: number | null;
  /** The fault that met it, or `hold`. */
  fault: Fault["kind"] | "hold" | null;
  /** True when the request reached the server. */
  forwarded: boolean;
}

/** A rule in force. */
export interface ActiveRule {
  /** How many requests it has met. */
  readonly met: number;
  /** Settles when it meets its first request. */
  readonly firstMet: Promise<RecordedRequest>;
  remove(): void;
}

/** A request that is held where a test wants it. */
export interface Hold {
  /** Settles when the request is held: everything before it is done, nothing after it has begun. */
  readonly reached: Promise<RecordedRequest>;
  /** Lets it go on; a request that has not come yet will not be held any more. */
  release(): void;
}

/** True when the request is one of those meant. */
export function matches(match: RequestMatch, request: { method: string; path: string }): boolean {
  return (match.method === undefined || match.method === request.method) && match.path.test(request.path);
}

/** A rule with its count; what the proxy asks for every request. */
export class RuleState<R extends RequestMatch & { when?: "before" | "after"; skip?: number; times?: number }> {
  readonly rule: R;
  readonly firstMet: Promise<RecordedRequest>;
  #meet: (request: RecordedRequest) => void = () => undefined;
  #seen = 0;
  #met = 0;

  constructor(rule: R) {
    this.rule = rule;
    this.firstMet = new Promise((resolve) => (this.#meet = resolve));
  }

  get met(): number {
    return this.#met;
  }

  /** Counts the request if it matches, and answers whether the rule applies to it. */
  take(request: RecordedRequest): boolean {
    if (!matches(this.rule, request)) return false;
    const { skip = 0, times = 1 } = this.rule;
    const position = this.#seen++ - skip;
    return position >= 0 && position < times;
  }

  /** Notes that the fault is happening now. */
  meet(request: RecordedRequest): void {
    this.#met++;
    this.#meet(request);
  }
}
