import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { TestCertificate } from "./certificate.ts";
import { matches, RuleState } from "./faultRules.ts";
import type { ActiveRule, Fault, FaultRule, Hold, RecordedRequest, RequestMatch } from "./faultRules.ts";
import { listenLocally } from "./ports.ts";

export type { ActiveRule, Fault, FaultRule, Hold, RecordedRequest, RequestMatch } from "./faultRules.ts";

/** What was sent and received, in bytes of bodies. */
export interface ByteCount {
  requests: number;
  sent: number;
  received: number;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

type HoldRule = RequestMatch & { when: "before" | "after"; skip: number; times: number; released: Promise<void> };

export interface FaultProxyOptions {
  /** Serves https with this certificate instead of http. */
  tls?: TestCertificate;
  /** Passes the `Host` header on: a homeserver takes people to its public address first, and knows it by that. */
  keepsHost?: boolean;
}

/**
 * Starts a proxy on 127.0.0.1 in front of a homeserver. With no rules it changes nothing but counts.
 *
 * @param target the homeserver's base URL (http)
 */
export async function startFaultProxy(target: string, { tls, keepsHost = false }: FaultProxyOptions = {}): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, tls, keepsHost);
  await proxy.listen();
  return proxy;
}

/** Stands between the app and a homeserver, records every request, and makes chosen ones go wrong. */
export class FaultProxy {
  /** Every request since the start or the last `clearRecord`, in the order of arrival. */
  readonly record: RecordedRequest[] = [];
  /** Where requests are forwarded to; may be changed while running. */
  target: string;
  /** Paths that are forwarded to another server than the rest. */
  elsewhere: { path: RegExp; target: string } | null = null;
  readonly #tls: TestCertificate | undefined;
  readonly #keepsHost: boolean;
  readonly #server;
  readonly #faults = new Set<RuleState<FaultRule>>();
  readonly #holds = new Set<RuleState<HoldRule>>();
  readonly #hanging = new Set<ServerResponse>();
  #port = 0;

  constructor(target: string, tls: TestCertificate | undefined, keepsHost: boolean) {
    this.target = target;
    this.#tls = tls;
    this.#keepsHost = keepsHost;
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    this.#server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  }

  /** Where clients connect to. */
  get baseUrl(): string {
    return this.#tls ? `https://localhost:${this.#port}` : `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    this.#port = await listenLocally(this.#server);
  }

  /** Puts a fault in force. Of several rules that meet the same request, the one added first applies. */
  addRule(rule: FaultRule): ActiveRule {
    const state = new RuleState(rule);
    this.#faults.add(state);
    return {
      get met() {
        return state.met;
      },
      firstMet: state.firstMet,
      remove: () => void this.#faults.delete(state),
    };
  }

  /**
   * Holds the `nth` request from now on that matches (1 = the next): `before` the server sees it, or `after` the server
   * has done it and before the client learns. There a test can kill the app and know how far it had come.
   */
  hold({ nth, when, method, path = /(?:)/ }: { nth: number; when: "before" | "after" } & Partial<RequestMatch>): Hold {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const match = method === undefined ? { path } : { method, path };
    const state = new RuleState<HoldRule>({ ...match, when, skip: nth - 1, times: 1, released });
    this.#holds.add(state);
    return {
      reached: state.firstMet,
      release: () => {
        this.#holds.delete(state);
        release();
      },
    };
  }

  /** The recorded requests that match. */
  requests(match: RequestMatch): RecordedRequest[] {
    return this.record.filter((request) => matches(match, request));
  }

  /** Adds up the matching requests' bytes. */
  bytes(match: RequestMatch = { path: /(?:)/ }): ByteCount {
    const count = { requests: 0, sent: 0, received: 0 };
    for (const { requestBytes, responseBytes } of this.requests(match)) {
      count.requests++;
      count.sent += requestBytes;
      count.received += responseBytes;
    }
    return count;
  }

  /** Forgets the recorded requests and counts from 1 again. */
  clearRecord(): void {
    this.record.length = 0;
  }

  /** Takes all rules and holds out of force and cuts what hangs. */
  clear(): void {
    this.#faults.clear();
    this.#holds.clear();
    for (const response of this.#hanging) response.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry: RecordedRequest = {
      number: this.record.length + 1,
      method: request.method ?? "",
      path: request.url ?? "",
      requestBytes: 0,
      responseBytes: 0,
      status: null,
      fault: null,
      forwarded: false,
    };
    this.record.push(entry);
    // Every rule counts every request that matches it, so one rule's `skip` does not depend on the others.
    const fault = [...this.#faults].filter((state) => state.take(entry))[0];
    const hold = [...this.#holds].filter((state) => state.take(entry))[0];
    const body = await readAll(request);
    entry.requestBytes = body.length;

    if (hold?.rule.when === "before") await this.#holdHere(hold, entry, response);
    if (response.destroyed) return;
    if (fault && fault.rule.when !== "after") {
      entry.fault = fault.rule.fault.kind;
      fault.meet(entry);
      if (fault.rule.fault.kind === "delay") await pause(fault.rule.fault.ms);
      else return this.#spoil(fault.rule.fault, null, entry, request, response);
    }
    const held = hold?.rule.when === "after" ? hold : undefined;
    const spoiled = fault?.rule.when === "after" ? fault : undefined;
    if (!held && !spoiled) return this.#pass(request, body, entry, response);

    const answer = await this.#ask(request, body, entry);
    if (held) await this.#holdHere(held, entry, response);
    if (spoiled) {
      entry.fault = spoiled.rule.fault.kind;
      spoiled.meet(entry);
      if (spoiled.rule.fault.kind === "delay") await pause(spoiled.rule.fault.ms);
      else return this.#spoil(spoiled.rule.fault, answer, entry, request, response);
    }
    send(response, entry, answer);
  }

  async #holdHere(hold: RuleState<HoldRule>, entry: RecordedRequest, response: ServerResponse): Promise<void> {
    entry.fault = "hold";
    hold.meet(entry);
    const gone = new Promise<void>((resolve) => response.once("close", () => resolve()));
    await Promise.race([hold.rule.released, gone]);
  }

  /** Forwards and streams the answer back, so that nothing is delayed. */
  #pass(request: IncomingMessage, body: Buffer, entry: RecordedRequest, response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const onward = this.#forward(request, body, entry);
      onward.once("response", (answer) => {
        entry.status = answer.statusCode ?? null;
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on("data", (chunk: Buffer) => (entry.responseBytes += chunk.length));
        answer.once("error", () => response.destroy());
        answer.pipe(response);
      });
      onward.once("error", () => response.destroy());
      response.once("close", () => {
        onward.destroy();
        resolve();
      });
    });
  }

  /** Forwards and waits for the whole answer. */
  #ask(request: IncomingMessage, body: Buffer, entry: RecordedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onward = this.#forward(request, body, entry);
      onward.once("error", reject);
      onward.once("response", (answer) => {
        readAll(answer).then((all) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: all }), reject);
      });
    });
  }

  #forward(request: IncomingMessage, body: Buffer, entry: RecordedRequest) {
    entry.forwarded = true;
    const { host, connection: _connection, "transfer-encoding": _encoding, ...headers } = request.headers;
    const length = body.length > 0 || headers["content-length"] !== undefined ? { "content-length": body.length } : {};
    const target = this.elsewhere?.path.test(entry.path) ? this.elsewhere.target : this.target;
    const onward = httpRequest(new URL(entry.path, target), {
      method: entry.method,
      headers: { ...headers, ...length, ...(this.#keepsHost && host !== undefined && { host }) },
      agent: false,
    });
    onward.end(body);
    return onward;
  }

  #spoil(
    fault: Exclude<Fault, { kind: "delay" }>,
    answer: Answer | null,
    entry: RecordedRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const whole = answer?.body.length ? answer.body : Buffer.from(JSON.stringify({ made_up: "by the fault proxy" }));
    switch (fault.kind) {
      case "hang":
        this.#hanging.add(response);
        response.once("close", () => this.#hanging.delete(response));
        return;
      case "reset":
        request.socket.resetAndDestroy();
        return;
      case "cut":
        entry.status = answer?.status ?? 200;
        response.writeHead(entry.status, { "content-type": "application/json", "content-length": whole.length });
        response.write(whole.subarray(0, whole.length >> 1), () => request.socket.destroy());
        entry.responseBytes = whole.length >> 1;
        return;
      case "malformed":
        return send(response, entry, {
          status: answer?.status ?? 200,
          headers: { "content-type": "application/json" },
          body: whole.subarray(0, whole.length - 1),
        });
      case "rateLimit":
        return send(response, entry, {
          status: 429,
          headers: { "content-type": "application/json", "retry-after": `${Math.ceil(fault.retryAfterMs / 1000)}` },
          body: Buffer.from(
            JSON.stringify({
              errcode: "M_LIMIT_EXCEEDED",
              error: "Too Many Requests",
              retry_after_ms: fault.retryAfterMs,
            }),
          ),
        });
      case "answer":
        return send(response, entry, {
          status: fault.status,
          headers: { "content-type": "application/json", ...fault.headers },
          body: Buffer.from(typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body ?? {})),
        });
    }
  }
}

function send(response: ServerResponse, entry: RecordedRequest, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _encoding, connection: _connection, ...rest } = headers;
  entry.status = status;
  entry.responseBytes = body.length;
  response.writeHead(status, { ...rest, "content-length": body.length });
  response.end(body);
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
