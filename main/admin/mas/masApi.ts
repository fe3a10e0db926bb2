import * as z from "zod";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import { homeserverOf } from "../../http/homeserverOf.ts";
import type { AdminSession } from "../adminApi.ts";

/** A user as Matrix Authentication Service has them. */
export interface MasUser {
  /** Its own name for them. */
  id: string;
  /** Whether they may ask for the scopes of an admin. */
  admin: boolean;
  locked: boolean;
  deactivated: boolean;
}

const Id = z.string().regex(/^[0-9A-Za-z]{1,64}$/);
const UserResource = z
  .object({
    id: Id,
    attributes: z.object({ admin: z.boolean(), locked_at: z.string().nullish(), deactivated_at: z.string().nullish() }),
  })
  .transform(({ id, attributes }): MasUser => ({
    id,
    admin: attributes.admin,
    locked: attributes.locked_at != null,
    deactivated: attributes.deactivated_at != null,
  }));
const OneUser = z.object({ data: UserResource });
const Page = z.object({ data: z.array(z.object({ id: Id })).nullish() });

/** The kinds of sessions that it keeps: of clients, of clients that sign in the older way, and of browsers. */
const SESSION_KINDS = ["oauth2-sessions", "compat-sessions", "user-sessions"] as const;
const PAGE = "100";
/** More pages of sessions than these nobody has. */
const MAX_PAGES = 100;

interface MasRequest<T extends z.ZodType> {
  method?: "GET" | "POST";
  path: readonly string[];
  query?: Readonly<Record<string, string>>;
  body?: object;
  schema: T;
  repeatable?: boolean;
}

/**
 * The admin API of the Matrix Authentication Service that an account's homeserver leaves its accounts to, as its published
 * description has it (`/api/admin/v1`). The account's token goes to the authorization server that gave it, and must have the
 * scope `urn:mas:admin`.
 *
 * Everything throws what the session throws; `forbidden` without the scope, `admin_api_not_exposed` where the service does not
 * let it be asked, `not_found`, and `server` with the service's own sentence.
 */
export class MasApi {
  readonly #session: AdminSession;

  constructor(session: AdminSession) {
    this.#session = session;
  }

  /** @throws `not_found` where the service does not know the user, as those of bridges */
  async user(userId: string): Promise<MasUser> {
    const localpart = userId.slice(1, userId.indexOf(":"));
    return (await this.#request({ path: ["users", "by-username", localpart], schema: OneUser, repeatable: true })).data;
  }

  /** Doing any of these twice leaves things as they are after the first time. @returns the user as they are then */
  async change(id: string, action: "lock" | "unlock" | "reactivate"): Promise<MasUser> {
    return (await this.#request({ method: "POST", path: ["users", id, action], schema: OneUser, repeatable: true })).data;
  }

  /** The service erases unless it is told not to. @returns the user as they are then */
  async deactivate(id: string, erase: boolean): Promise<MasUser> {
    const body = { skip_erase: !erase };
    return (await this.#request({ method: "POST", path: ["users", id, "deactivate"], body, schema: OneUser })).data;
  }

  /** Ends no session. @throws `password_refused`, `not_allowed_by_server` where the service keeps no passwords */
  async setPassword(id: string, password: string): Promise<void> {
    const body = { password, skip_password_check: false };
    try {
      await this.#request({ method: "POST", path: ["users", id, "set-password"], body, schema: z.unknown(), repeatable: true });
    } catch (thrown) {
      if (thrown instanceof AppFailure && thrown.error.kind === "server" && thrown.error.status === 400) throw fail("password_refused", { reason: "weak" });
      if (isFailure(thrown, "forbidden")) throw fail("not_allowed_by_server");
      throw thrown;
    }
  }

  /** Ends every session of a user, of whichever kind. */
  async endSessions(id: string): Promise<void> {
    for (const kind of SESSION_KINDS) {
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const query = { "filter[user]": id, "filter[status]": "active", "page[first]": PAGE };
        const { data } = await this.#request({ path: [kind], query, schema: Page, repeatable: true });
        if (!data || data.length === 0) break;
        for (const session of data) {
          await this.#request({ method: "POST", path: [kind, session.id, "finish"], schema: z.unknown(), repeatable: true });
        }
      }
    }
  }

  /** Whether nobody but this user may ask for the scopes of an admin, and is neither locked nor deactivated. */
  async isLastAdmin(id: string): Promise<boolean> {
    const query = { "filter[admin]": "true", "filter[status]": "active", "page[first]": "2" };
    const { data } = await this.#request({ path: ["users"], query, schema: Page, repeatable: true });
    return !(data ?? []).some((other) => other.id !== id);
  }

  /**
   * Whether the service can deactivate without erasing: older ones than 0.20 pass over what they are told and erase. One that tells
   * of its configuration is newer.
   */
  async canKeepProfile(): Promise<boolean> {
    try {
      await this.#request({ path: ["site-config"], schema: z.looseObject({}), repeatable: true });
      return true;
    } catch (thrown) {
      if (isFailure(thrown, "not_found") || isFailure(thrown, "admin_api_not_exposed")) return false;
      throw thrown;
    }
  }

  #request<T extends z.ZodType>({ path, schema, ...request }: MasRequest<T>): Promise<z.output<T>> {
    // A URL swallows these parts, however they are encoded.
    if (path.some((part) => part === "" || part === "." || part === "..")) throw fail("not_found");
    const at = `/api/admin/v1/${path.map(encodeURIComponent).join("/")}`;
    return this.#session.use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const text = await homeserver.text({ ...request, path: at, at: "auth", elsewhere: "stay", signal });
      const parsed = schema.safeParse(text === "" ? undefined : parseJson(text));
      if (parsed.success) return parsed.data;
      const host = new URL(homeserver.authBaseUrl).host;
      throw /^\s*</.test(text) ? fail("admin_api_not_exposed", { host }) : fail("bad_answer", { host });
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
