import type { Handlers } from "../../shared/contract/index.ts";
import type { NewUser, NewUserResult } from "../../shared/contract/newUsers.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { isRefused, mayBeDoneUnseen } from "../http/lostAnswer.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import type { ActionLog, Ended } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { createByService } from "./mas/createByService.ts";
import type { MasApi } from "./mas/masApi.ts";
import type { Credentials } from "./credentials.ts";
import { createUser, findSameName, findTakenContacts, newUserId } from "./newUser.ts";

export interface NewUsersParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  /** Whether an authentication service looks after the server's accounts. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** That service's own admin API, where it lets the account ask; null elsewhere. */
  serviceOf: (accountId: AccountId) => Promise<MasApi | null>;
  credentials: Credentials;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["newUsers"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** Makes users, and keeps their passwords until they are handed out. */
export class NewUsersService implements Requests {
  readonly #parts: NewUsersParts;
  /** One of a name at a time. */
  readonly #turns = new KeyedQueue<string>();
  /** Users whose making was never answered: whoever is there under that name is ours. */
  readonly #unanswered = new Set<string>();

  constructor(parts: NewUsersParts) {
    this.#parts = parts;
  }

  strength({ userId, password }: Input<"strength">) {
    return this.#parts.credentials.strength(userId, password);
  }

  /** @throws `password_refused`, what the secret store throws, and what the server says where it has made nobody */
  async create({ accountId, user }: Input<"create">): Promise<NewUserResult> {
    const service = await this.#parts.serviceOf(accountId);
    if (service === null && (await this.#parts.isDelegated(accountId))) return { status: "delegated" };
    const api = this.#parts.adminApiOf(accountId);
    return this.#turns.run(newUserId(api, user), () => this.#create(api, service, accountId, user));
  }

  async #create(api: AdminApi, service: MasApi | null, accountId: AccountId, user: NewUser): Promise<NewUserResult> {
    const { credentials, log } = this.#parts;
    const userId = newUserId(api, user);
    const same = await findSameName(api, user);
    const isOurs = same?.status === "exists" && same.userId === userId && this.#unanswered.has(userId);
    const obstacle = (isOurs ? null : same) ?? (await findTakenContacts(api, user));
    if (obstacle) return obstacle;
    // Whoever is deactivated has no password.
    const choice = user.startsAs === "deactivated" ? ({ kind: "none" } as const) : user.password;
    const chosen = await credentials.choose(accountId, userId, choice);
    const credentialsId = chosen?.credentialsId ?? null;
    let result: NewUserResult;
    try {
      const send = async (): Promise<NewUserResult> => {
        const password = chosen?.password ?? null;
        const made = await (service
          ? createByService(service, api, user, password, this.#unanswered.has(userId))
          : createUser(api, user, password));
        if ("refused" in made) return made.refused;
        if ("lost" in made) return { status: "unknown", error: made.lost };
        const isSet = !made.missing.some(({ part }) => part === "password");
        return { status: "created", ...made, credentialsId: isSet ? credentialsId : null };
      };
      result = await log.record({ actor: api.userId, target: userId, action: "create" }, send, logged);
    } catch (thrown) {
      if (isRefused(thrown)) {
        this.#unanswered.delete(userId);
        if (credentialsId !== null) await credentials.forget(accountId, credentialsId);
      } else {
        this.#unanswered.add(userId);
      }
      throw thrown;
    }
    if (result.status === "unknown") this.#unanswered.add(userId);
    else this.#unanswered.delete(userId);
    const isSet = result.status === "created" && result.credentialsId !== null;
    if (credentialsId !== null && isSet) await credentials.confirm(accountId, credentialsId);
    else if (credentialsId !== null && !mayBeSet(result)) await credentials.forget(accountId, credentialsId);
    return result;
  }

  async waitingCredentials({ accountId }: Input<"waitingCredentials">) {
    return { waiting: await this.#parts.credentials.waiting(accountId) };
  }

  showCredentials({ accountId, credentialsId }: Input<"showCredentials">) {
    return this.#parts.credentials.show(accountId, credentialsId);
  }

  async keepCredentials({ accountId, credentialsId, how }: Input<"keepCredentials">) {
    return { kept: await this.#parts.credentials.keep(accountId, credentialsId, how) };
  }

  async forgetCredentials({ accountId, credentialsId }: Input<"forgetCredentials">): Promise<Record<never, never>> {
    await this.#parts.credentials.forget(accountId, credentialsId);
    return {};
  }
}

/** Whether a password may be in use although nobody has seen that it was set. */
function mayBeSet(result: NewUserResult): boolean {
  if (result.status !== "created") return result.status === "unknown";
  const error = result.missing.find(({ part }) => part === "password")?.error ?? null;
  return error !== null && mayBeDoneUnseen(new AppFailure(error));
}

function logged(result: NewUserResult): Ended {
  switch (result.status) {
    case "created": {
      const missing = result.missing.map(({ part }) => part).join(", ");
      return { result: "done", detail: missing === "" ? null : `without ${missing}` };
    }
    case "unknown":
      return { result: "unknown", detail: result.error.kind };
    default:
      return { result: "failed", detail: result.status };
  }
}
