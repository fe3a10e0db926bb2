import type { Asked, DomainName, EventChannel, EventPayload, Requests } from "../shared/contract/index.ts";
import type { AppError, AppErrorKind, Reply } from "../shared/errors.ts";

/** What the preload script puts into the window: three functions and nothing that knows what they carry. */
export interface StewardBridge {
  request(channel: string, input: unknown): Promise<Reply<unknown>>;
  /** Returns the function that stops listening. */
  on(channel: string, listener: (payload: unknown) => void): () => void;
  readonly platform: string;
}

declare global {
  interface Window {
    readonly steward: StewardBridge;
  }
}

/**
 * A request that main refused. It is the renderer's own class because importing the shared one would bring the whole
 * schema library into the window.
 */
export class RequestFailure extends Error {
  readonly error: AppError;

  constructor(error: AppError) {
    super(error.kind);
    this.name = "RequestFailure";
    this.error = error;
  }
}

async function request(channel: string, input: unknown): Promise<unknown> {
  const reply = await window.steward.request(channel, input);
  if (reply.ok) return reply.value;
  throw new RequestFailure(reply.error);
}

function domainOf(name: string): unknown {
  return new Proxy({}, { get: (_, key) => (input: unknown) => request(`${name}.${String(key)}`, input) });
}

const domains = new Map<string, unknown>();

/**
 * Everything main can be asked, typed by the contract: `steward.accounts.list({})` resolves to the value or rejects
 * with a `RequestFailure`. The names are not listed here: the types know them, and main checks them.
 */
export const steward: Requests = new Proxy({} as Requests, {
  get: (_, key) => {
    const name = String(key) as DomainName;
    let found = domains.get(name);
    if (!found) domains.set(name, (found = domainOf(name)));
    return found;
  },
});

/** Listens to one kind of event. Returns the function that stops listening. */
export function onEvent<C extends EventChannel>(channel: C, listener: (payload: EventPayload<C>) => void): () => void {
  return window.steward.on(channel, (payload) => listener(payload as EventPayload<C>));
}

/** The `AppError` inside whatever was thrown. Anything else is a mistake of ours and reads as `internal`. */
export function errorOf(thrown: unknown): AppError {
  if (thrown instanceof RequestFailure) return thrown.error;
  return { kind: "internal", ref: thrown instanceof Error ? thrown.name : "renderer" };
}

/** What became of a request: its answer, or a failure of one of the kinds that the contract names for it. */
export type Settled<T, K extends AppErrorKind> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Extract<AppError, { kind: K }> };

/**
 * Waits for a request and never rejects: for whoever has something of its own to do about a failure. What a `switch` over
 * the request's own kinds leaves is of a `CommonErrorKind`: so the compiler says where one was forgotten.
 */
export async function settled<T, K extends AppErrorKind>(asked: Asked<T, K>): Promise<Settled<T, K>> {
  try {
    return { ok: true, value: await asked };
  } catch (thrown) {
    return { ok: false, error: errorOf(thrown) as Extract<AppError, { kind: K }> };
  }
}

/** True on a Mac, where the Command key does what Control does elsewhere. */
export function isMac(): boolean {
  return window.steward.platform === "darwin";
}
