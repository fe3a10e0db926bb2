import { randomInt } from "node:crypto";
import * as z from "zod";
import type { LoggedChange } from "../../shared/contract/actionLog.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { RegistrationToken, type RegistrationTokens } from "../../shared/contract/registrationTokens.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { lastAnswer, mayBeDoneUnseen } from "../http/lostAnswer.ts";
import type { ActionLog } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { loggedValue } from "./changesOfUser.ts";
import type { MasApi } from "./mas/masApi.ts";
import { changeMasToken, createMasToken, listMasTokens, readMasToken, revokeMasToken } from "./mas/masTokens.ts";

/** Of what a token may be made of, what nobody mixes up. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/** In the log a token is known by its beginning: whoever has the whole of it can create an account. */
const LOGGED_CHARACTERS = 4;

/** Synapse, "Registration Tokens". Without a number, and with 0, a token works without end. */
const ServerToken = z
  .object({
    token: z.string(),
    uses_allowed: z.number().int().nonnegative().nullish(),
    pending: z.number().int().nonnegative().nullish(),
    completed: z.number().int().nonnegative().nullish(),
    expiry_time: z.number().nullish(),
  })
  .transform((raw) => ({
    token: raw.token,
    usesAllowed: raw.uses_allowed || null,
    pending: raw.pending ?? 0,
    completed: raw.completed ?? 0,
    expiresAt: raw.expiry_time ?? null,
    addressable: raw.token !== "." && raw.token !== "..",
  }))
  .pipe(RegistrationToken);
const ServerTokens = z.object({ registration_tokens: z.array(z.unknown()) });

export interface RegistrationTokensParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  /** The admin API of the service that looks after the server's accounts, where it lets the account use it; null elsewhere. */
  serviceOf: (accountId: AccountId) => Promise<MasApi | null>;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["registrationTokens"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** The tokens with which people create accounts on an admin's server. */
export class RegistrationTokensService implements Requests {
  readonly #parts: RegistrationTokensParts;

  constructor(parts: RegistrationTokensParts) {
    this.#parts = parts;
  }

  /** @throws what the server says */
  async list({ accountId }: Input<"list">): Promise<RegistrationTokens> {
    try {
      const service = await this.#parts.serviceOf(accountId);
      if (service) return { status: "known", tokens: await listMasTokens(service) };
      const { registration_tokens: tokens } = await this.#parts.adminApiOf(accountId).request({
        path: ["v1", "registration_tokens"],
        schema: ServerTokens,
        repeatable: true,
      });
      return { status: "known", tokens: tokens.flatMap((token) => ServerToken.safeParse(token).data ?? []) };
    } catch (thrown) {
      // A service older than these says that there is nothing of the kind.
      if (isFailure(thrown, "admin_api_lacks") || isFailure(thrown, "not_found")) return { status: "not_available" };
      throw thrown;
    }
  }

  /** Each is named here, so that one whose answer was lost can be looked for. */
  async create({ accountId, name, length, count, usesAllowed, expiresAt }: Input<"create">) {
    const api = this.#parts.adminApiOf(accountId);
    const service = await this.#parts.serviceOf(accountId);
    const made: string[] = [];
    for (const token of name === null ? newTokens(length, count) : [name]) {
      try {
        await this.#record(api, token, "create_token", () =>
          service
            ? createMasToken(service, { token, usesAllowed, expiresAt })
            : create(api, { token, uses_allowed: usesAllowed, expiry_time: expiresAt }),
        );
      } catch (thrown) {
        if (!(thrown instanceof AppFailure)) throw thrown;
        return { made, error: thrown.error satisfies AppError };
      }
      made.push(token);
    }
    return { made, error: null };
  }

  /** Sent twice it does no harm. @throws `changed_meanwhile`, `change_not_taken`, `not_found`, and what the server says */
  async change({ accountId, token, changes, seen }: Input<"change">): Promise<RegistrationToken> {
    const { usesAllowed, expiresAt } = changes;
    const api = this.#parts.adminApiOf(accountId);
    const service = await this.#parts.serviceOf(accountId);
    const path = ["v1", "registration_tokens", token];
    const read = (): Promise<RegistrationToken> =>
      service ? readMasToken(service, token) : api.request({ path, schema: ServerToken, repeatable: true });
    const change = async (): Promise<{ before: RegistrationToken; after: RegistrationToken }> => {
      const before = await read();
      if (before.usesAllowed !== seen.usesAllowed || before.expiresAt !== seen.expiresAt) throw fail("changed_meanwhile");
      // An end that is past is refused even where it stays: it is sent only where it is another.
      const body = {
        ...(usesAllowed !== undefined && { uses_allowed: usesAllowed }),
        ...(expiresAt !== undefined && { expiry_time: expiresAt }),
      };
      const after = service
        ? await changeMasToken(service, token, changes)
        : await api.request({ method: "PUT", path, body, schema: ServerToken, repeatable: true });
      const fields = [
        ...(usesAllowed !== undefined && after.usesAllowed !== usesAllowed ? ["usesAllowed"] : []),
        ...(expiresAt !== undefined && after.expiresAt !== expiresAt ? ["expiresAt"] : []),
      ];
      if (fields.length > 0) throw fail("change_not_taken", { fields });
      return { before, after };
    };
    const { after } = await this.#record(api, token, "change_token", change, (answer) => changesOfToken(answer));
    return after;
  }

  /** @throws what the server says */
  async remove({ accountId, token }: Input<"remove">): Promise<Record<never, never>> {
    const api = this.#parts.adminApiOf(accountId);
    const service = await this.#parts.serviceOf(accountId);
    await this.#record(api, token, "remove_token", async () => {
      if (service) return revokeMasToken(service, token);
      try {
        await api.request({ method: "DELETE", path: ["v1", "registration_tokens", token], schema: z.unknown(), repeatable: true });
      } catch (thrown) {
        if (!isFailure(lastAnswer(thrown), "not_found")) throw thrown;
      }
    });
    return {};
  }

  #record<T>(
    api: AdminApi,
    token: string,
    action: string,
    perform: () => Promise<T>,
    changesOf: (answer: T) => LoggedChange[] = () => [],
  ): Promise<T> {
    const begun = { actor: api.userId, target: `${token.slice(0, LOGGED_CHARACTERS)}…`, action };
    return this.#parts.log.record(begun, perform, (answer) => ({ result: "done", detail: null, changes: changesOf(answer) }));
  }
}

function changesOfToken({ before, after }: { before: RegistrationToken; after: RegistrationToken }): LoggedChange[] {
  const day = ({ expiresAt }: RegistrationToken): string | null =>
    expiresAt === null || Math.abs(expiresAt) > 8.64e15 ? null : new Date(expiresAt).toISOString();
  const fields = [
    { field: "usesAllowed", before: loggedValue(before.usesAllowed), after: loggedValue(after.usesAllowed) },
    { field: "expiresAt", before: day(before), after: day(after) },
  ];
  return fields.filter((one) => one.before !== one.after);
}

async function create(api: AdminApi, body: { token: string; uses_allowed: number | null; expiry_time: number | null }): Promise<void> {
  try {
    await api.request({ method: "POST", path: ["v1", "registration_tokens", "new"], body, schema: ServerToken });
  } catch (thrown) {
    if (!mayBeDoneUnseen(thrown)) throw thrown;
    // Nobody else makes one of that name.
    await api.request({ path: ["v1", "registration_tokens", body.token], schema: ServerToken, repeatable: true }).catch(() => {
      throw thrown;
    });
  }
}

function newTokens(length: number, count: number): string[] {
  const newToken = (): string => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return Array.from({ length: count }, newToken);
}
