import type { ListedAction, LoggedAction } from "../../shared/contract/actionLog.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { redactText } from "../logging/secretPatterns.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { ActionLog } from "./actionLog.ts";
import type { BulkServiceParts } from "./bulk/bulkService.ts";
import { writeCsv } from "./csv/writeCsv.ts";
import { type Undo, undoOf } from "./undoOf.ts";
import type { UserActionsService } from "./userActions.ts";
import type { UsersService } from "./users.ts";

export interface ActionLogServiceParts {
  log: ActionLog;
  sessions: Pick<SessionManager, "account">;
  users: Pick<UsersService, "get" | "change" | "addThreepid" | "removeThreepid" | "addExternalId" | "removeExternalId">;
  userActions: Pick<UserActionsService, "preview" | "perform">;
  saveText: BulkServiceParts["ports"]["saveText"];
}

type Requests = Handlers["actionLog"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type Outcome = Awaited<ReturnType<Requests["undo"]>>["outcome"];

const COLUMNS = ["time", "by", "action", "target", "result", "detail", "changes", "undone"];

/** What was done to servers, for the page that lists it, and the way back: the handlers of the contract's domain `actionLog`. */
export class ActionLogService implements Requests {
  readonly #parts: ActionLogServiceParts;

  constructor(parts: ActionLogServiceParts) {
    this.#parts = parts;
  }

  /** @throws `no_such_account`, `data_too_new`, `file_failed` */
  async list({ accountId }: Input<"list">): Promise<{ actions: ListedAction[] }> {
    return { actions: (await this.#list(accountId)).map((entry) => ({ ...entry, canUndo: undoOf(entry) !== null })) };
  }

  async save({ accountId }: Input<"save">): Promise<{ saved: boolean }> {
    const rows = (await this.#list(accountId)).map((entry) => cellsOf(entry).map(redactText));
    const day = new Date().toISOString().slice(0, 10);
    return {
      saved: await this.#parts.saveText({
        suggestedName: { holds: "action_log", of: day, ending: "csv" },
        text: writeCsv([COLUMNS, ...rows]),
      }),
    };
  }

  async undo({ accountId, id }: Input<"undo">): Promise<{ outcome: Outcome }> {
    const entry = (await this.#list(accountId)).find((one) => one.id === id);
    const undo = entry && undoOf(entry);
    if (!undo) throw fail("conversation_over");
    const outcome = await this.#perform(accountId, entry.target, undo);
    if (outcome === "undone" || outcome === "already") await this.#parts.log.undone(id);
    return { outcome };
  }

  #list(accountId: AccountId): Promise<LoggedAction[]> {
    return this.#parts.log.list(this.#parts.sessions.account(accountId).homeserver.serverName);
  }

  async #perform(accountId: AccountId, userId: string, undo: Undo): Promise<Outcome> {
    const { users } = this.#parts;
    const one = { accountId, userId };
    switch (undo.kind) {
      case "action":
        return this.#act(one, undo.action);
      case "details":
        await users.change({ ...one, changes: undo.changes, seen: undo.seen });
        return "undone";
      case "threepid": {
        const change = { ...one, threepid: undo.threepid, seen: (await users.get(one)).threepids };
        await (undo.way === "add" ? users.addThreepid(change) : users.removeThreepid(change));
        return "undone";
      }
      case "externalId": {
        const change = { ...one, externalId: undo.externalId, seen: (await users.get(one)).externalIds };
        await (undo.way === "add" ? users.addExternalId(change) : users.removeExternalId(change));
        return "undone";
      }
    }
  }

  /** By the way that the user's own page goes: looked at first, and not done where that says no. */
  async #act(one: { accountId: AccountId; userId: string }, action: Extract<Undo, { kind: "action" }>["action"]): Promise<Outcome> {
    const { userActions } = this.#parts;
    const { token, refusal } = await userActions.preview({ ...one, action });
    if (token === null) return refusal === "already" ? "already" : "refused";
    const { status } = await userActions.perform({
      accountId: one.accountId,
      token,
      typed: one.userId,
      password: { kind: "none" },
      signOutSessions: false,
      allowIdentityReset: false,
      displayName: null,
    });
    if (status === "changed") throw fail("changed_meanwhile");
    return status === "done" ? "undone" : status === "without_effect" ? "refused" : "unknown";
  }
}

function cellsOf({ at, actor, action, target, result, detail, changes = [], undone }: LoggedAction): string[] {
  const told = changes.map(({ field, before, after }) => `${field}: ${before ?? ""} -> ${after ?? ""}`);
  return [new Date(at).toISOString(), actor, action, target, result, detail ?? "", told.join("; "), undone === true ? "true" : ""];
}
