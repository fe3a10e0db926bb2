import type { LoggedAction } from "../../shared/contract/actionLog.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { ActionLog } from "./actionLog.ts";

type Requests = Handlers["actionLog"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** What was done to servers, for the page that lists it: the handlers of the contract's domain `actionLog`. */
export class ActionLogService implements Requests {
  readonly #log: Pick<ActionLog, "list">;
  readonly #sessions: Pick<SessionManager, "account">;

  constructor(log: Pick<ActionLog, "list">, sessions: Pick<SessionManager, "account">) {
    this.#log = log;
    this.#sessions = sessions;
  }

  /** @throws `no_such_account`, `data_too_new`, `file_failed` */
  async list({ accountId }: Input<"list">): Promise<{ actions: LoggedAction[] }> {
    return { actions: await this.#log.list(this.#sessions.account(accountId).homeserver.serverName) };
  }
}
