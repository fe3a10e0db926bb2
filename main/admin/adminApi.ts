import * as z from "zod";
import { type User, type UserRow } from "../../shared/contract/users.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import { anySignal } from "../http/anySignal.ts";
import type { HomeserverClient, HomeserverRequest } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { stopOf } from "../http/serverErrors.ts";
import type { MatrixSession } from "../sessions/matrixSession.ts";
import { RowAnswer, UserAnswer } from "./serverUser.ts";

/** What is asked of a server's admin API. */
export interface AdminRequest<T extends z.ZodType> extends Pick<HomeserverRequest, "method" | "query" | "body" | "repeatable" | "signal"> {
  /** What stands between the slashes after `/_synapse/admin`, as it is meant: each part is encoded here, once. */
  path: readonly string[];
  schema: T;
  /** Until the answer must be there, in place of what a server is given. Deactivating somebody takes minutes. */
  timeoutMs?: number;
}

/** Changes to a user, in the words of Synapse's `PUT /_synapse/admin/v2/users/<user_id>`. What is left out stays as it is. */
export interface ServerUserChanges {
  displayname?: string;
  avatar_url?: string;
  admin?: boolean;
  user_type?: string | null;
  /** All of them: what is not named goes. */
  threepids?: readonly object[];
  /** All of them: what is not named goes. */
  external_ids?: readonly object[];
  locked?: boolean;
  deactivated?: boolean;
  password?: Password;
  logout_devices?: boolean;
}

/** What the server says of its users, a page of it. */
const ServerUserList = z.object({
  users: z.array(z.unknown()).max(100_000),
  total: z.number().int().nonnegative().nullish().catch(null),
  next_token: z.union([z.string().max(1000), z.number()]).nullish(),
});

export interface UserListPage {
  rows: UserRow[];
  /** Where the next page begins; null on the last one. */
  next: string | null;
  /** How many match what was asked for; null where the server does not say. */
  total: number | null;
}

/** Contacts as the server wrote them, for whoever sends the whole list back. */
const RawContacts = z.object({
  threepids: z.array(z.looseObject({ medium: z.string(), address: z.string() })).nullish(),
  external_ids: z.array(z.looseObject({ auth_provider: z.string(), external_id: z.string() })).nullish(),
});

/** A user, and all contacts as the server wrote them: when one of them changes, the others are sent back unchanged. */
export interface UserWithContacts {
  user: User;
  threepids: readonly { medium: string; address: string }[];
  externalIds: readonly { auth_provider: string; external_id: string }[];
}

/** The part of a session that is needed here. */
export type AdminSession = Pick<MatrixSession, "use" | "details">;

/**
 * The admin API of one account's own server (Synapse, "Admin API"). The account's token goes to its server's base URL, or to
 * the admin address that the person gave for this account, and nowhere else.
 *
 * Everything throws what the session and the server throw, `admin_api_not_exposed` where something in front of the server
 * answers, `admin_api_lacks` where the server has no such thing, and `not_own_server`, before anything is sent, for the users
 * of others.
 */
export class AdminApi {
  readonly #session: AdminSession;
  readonly #until: AbortSignal | undefined;

  constructor(session: AdminSession, until?: AbortSignal) {
    this.#session = session;
    this.#until = until;
  }

  /** The same, whose requests end when a signal is aborted. */
  until(signal: AbortSignal): AdminApi {
    return new AdminApi(this.#session, signal);
  }

  get userId(): string {
    return this.#session.details.userId;
  }

  /** The name of the account's server. */
  get serverName(): string {
    return serverNameOf(this.userId);
  }

  /** @throws `not_own_server` for a user of another server, and for what is no Matrix ID */
  checkOwnServer(userId: string): void {
    if (!userId.startsWith("@") || serverNameOf(userId) !== this.serverName) {
      throw fail("not_own_server", { userId: userId.slice(0, 300), serverName: this.serverName });
    }
  }

  /** Sends one request. It goes once, unless it is `repeatable`. */
  async request<T extends z.ZodType>({ path, schema, timeoutMs, signal = this.#until, ...request }: AdminRequest<T>): Promise<z.output<T>> {
    for (const part of path) if (part.startsWith("@")) this.checkOwnServer(part);
    const encoded = adminPath(path);
    return await this.#session.use(async (client, ended) => {
      const both = signal && anySignal(signal, ended);
      const limits = timeoutMs === undefined ? {} : { limits: { answerMs: timeoutMs, wholeAnswerMs: timeoutMs } };
      try {
        const sent = { ...request, ...limits, path: encoded, at: "admin", signal: both?.signal ?? ended } as const;
        return await readAdminAnswer(homeserverOf(client), sent, schema);
      } catch (thrown) {
        throw signal?.aborted ? stopOf(signal) : thrown;
      } finally {
        both?.release();
      }
    });
  }

  /**
   * Whether the server has anything at a path, whatever it is to be sent with: asked with GET, which changes nothing. Where it has, and
   * takes other methods alone, it says so (405). Servers that do not tell the two apart are taken at their best.
   */
  async has(path: readonly string[]): Promise<boolean> {
    try {
      await this.request({ path, schema: z.unknown(), repeatable: true });
      return true;
    } catch (thrown) {
      if (!isFailure(thrown, "admin_api_lacks")) throw thrown;
      const { cause } = thrown;
      return !(isFailure(cause, "server") && cause.error.status === 404);
    }
  }

  /** Asks the same server something of the client-server API, at its base URL. */
  requestFromBase<T extends z.ZodType>(request: HomeserverRequest & { schema: T }): Promise<z.output<T>> {
    return this.atBase(async (homeserver, ended) => {
      const both = request.signal && anySignal(request.signal, ended);
      try {
        return await homeserver.json({ ...request, signal: both?.signal ?? ended });
      } finally {
        both?.release();
      }
    });
  }

  /** The same, for what is no JSON. */
  atBase<T>(work: (homeserver: HomeserverClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#session.use((client, signal) => work(homeserverOf(client), signal));
  }

  /** @throws `not_found` where there is no such user */
  user(userId: string, how: Pick<AdminRequest<z.ZodType>, "repeatable" | "signal"> = { repeatable: true }): Promise<User> {
    return this.request({ path: userPath(userId), schema: UserAnswer, ...how });
  }

  /** The same, with contacts as the server wrote them. */
  async userWithContacts(userId: string): Promise<UserWithContacts> {
    const raw = await this.request({ path: userPath(userId), schema: z.looseObject({}), repeatable: true });
    const [user, contacts] = [UserAnswer.safeParse(raw), RawContacts.safeParse(raw)];
    if (!user.success || !contacts.success) throw fail("bad_answer", { host: this.serverName });
    const { threepids, external_ids: externalIds } = contacts.data;
    return {
      user: user.data,
      threepids: (threepids ?? []).map(({ medium, address }) => ({ medium, address })),
      externalIds: (externalIds ?? []).map((given) => ({ auth_provider: given.auth_provider, external_id: given.external_id })),
    };
  }

  /**
   * A page of the list: v3, and v2 where the server has none. Older servers pass over what they do not know, so whoever
   * filters looks at the rows as well.
   *
   * @param query as v3 names it: `deactivated` is `true` for those alone, `false` for the others, and left out for all
   * @param from where the page before said that this one begins; null for the first
   * @param how `repeatable` for whoever reads on in the background: nobody waits for it before the screen
   */
  async users(
    query: Readonly<Record<string, string>>,
    from: string | null,
    how: Pick<AdminRequest<z.ZodType>, "repeatable" | "signal"> = {},
  ): Promise<UserListPage> {
    const ask = (version: "v2" | "v3", more: Readonly<Record<string, string>>) =>
      this.request({
        path: [version, "users"],
        query: { ...query, ...more, ...(from !== null && { from }) },
        schema: ServerUserList,
        ...how,
      });
    const answer = await ask("v3", {}).catch((thrown: unknown) => {
      if (!(thrown instanceof AppFailure)) throw thrown;
      const { error } = thrown;
      // There, `true` is for all of them, and left out the same as `false`.
      if (error.kind === "admin_api_lacks") return ask("v2", { deactivated: query["deactivated"] ?? "true" });
      // Behind an authentication service there are no guests, and the list wants it said.
      const mayWantIt = error.kind === "server" && error.status === 400 && query["guests"] !== "false";
      if (mayWantIt) return ask("v3", { guests: "false" });
      throw thrown;
    });
    const { users, total, next_token: token } = answer;
    // One row that is not understood costs none of the others. A page without any that leads on would lead on for ever.
    const next = token == null || users.length === 0 ? null : String(token);
    return {
      rows: users.flatMap((raw) => RowAnswer.safeParse(raw).data ?? []),
      next: next === from ? null : next,
      total: total ?? null,
    };
  }

  /** Changes exactly this, or makes the user where there is none. Answers the user as the server has them then. */
  changeUser(userId: string, changes: ServerUserChanges, timeoutMs?: number): Promise<User> {
    return this.request({
      method: "PUT",
      path: userPath(userId),
      body: changes,
      schema: UserAnswer,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }
}

const userPath = (userId: string): readonly string[] => ["v2", "users", userId];

/** What stands behind the first colon; empty where there is none. Localparts have no colon in them. */
function serverNameOf(userId: string): string {
  const colon = userId.indexOf(":");
  return colon < 0 ? "" : userId.slice(colon + 1);
}

/**
 * A path of the admin API, each part encoded once. A URL swallows the parts `.` and `..`, however they are encoded, and would
 * name something else then.
 */
export function adminPath(parts: readonly string[]): string {
  if (parts.some((part) => part === "" || part === "." || part === "..")) throw fail("not_found");
  return `/_synapse/admin/${parts.map(encodeURIComponent).join("/")}`;
}

/** Statuses that something in front of a server answers with that keeps the admin API to itself. */
const KEPT_BACK: ReadonlySet<number> = new Set([401, 403, 404, 405]);

/** Asks, and tells apart a server that has no such thing, and something before it that does not let it be asked. */
export async function readAdminAnswer<T extends z.ZodType>(
  homeserver: HomeserverClient,
  request: HomeserverRequest & { path: string },
  schema: T,
): Promise<z.output<T>> {
  const host = hostOf(homeserver);
  let text: string;
  try {
    text = await homeserver.text(request);
  } catch (thrown) {
    throw meaningOf(thrown, host);
  }
  return answerIn(text, request, schema, host);
}

/**
 * What an answer says. One that is no JSON fits no schema, not even one that takes anything: it says nothing of what was asked.
 *
 * @throws `bad_answer`; `admin_api_not_exposed` for a page for people, as some proxies have in place of every path that they do not
 *   know, unless what was asked changes something: whether that was done, no page says
 */
export function answerIn<T extends z.ZodType>(
  text: string,
  { method = "GET" }: Pick<HomeserverRequest, "method">,
  schema: T,
  host: string,
): z.output<T> {
  const said = parseJson(text);
  const parsed = said === undefined && text.trim() !== "" ? null : schema.safeParse(said);
  if (parsed?.success) return parsed.data;
  throw method === "GET" && /^\s*</.test(text) ? fail("admin_api_not_exposed", { host }) : fail("bad_answer", { host });
}

function meaningOf(thrown: unknown, host: string): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind !== "server" && error.kind !== "gateway_error") return thrown;
  const errcode = error.kind === "server" ? error.errcode : "";
  if (errcode === "M_UNRECOGNIZED") return new AppFailure({ kind: "admin_api_lacks", host }, { cause: thrown });
  if (errcode !== "" || !KEPT_BACK.has(error.status)) return thrown;
  return new AppFailure({ kind: "admin_api_not_exposed", host }, { cause: thrown });
}

const hostOf = (homeserver: HomeserverClient): string => new URL(homeserver.adminBaseUrl).host;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
