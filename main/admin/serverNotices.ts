import type { Handlers } from "../../shared/contract/index.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { ActionLog, Ended } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { type NoticeEnd, sendServerNotice, sendsNotices } from "./serverNotice.ts";

export interface ServerNoticesParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["serverNotices"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** Messages of a server in its own name. What one says is not written down. */
export class ServerNoticesService implements Requests {
  readonly #parts: ServerNoticesParts;
  readonly #available = new Map<AccountId, boolean>();

  constructor(parts: ServerNoticesParts) {
    this.#parts = parts;
  }

  /** @throws as `AdminApi` does */
  async available({ accountId, again }: Input<"available">): Promise<{ available: boolean }> {
    const known = again ? undefined : this.#available.get(accountId);
    const available = known ?? (await sendsNotices(this.#parts.adminApiOf(accountId)));
    this.#available.set(accountId, available);
    return { available };
  }

  /** @throws `not_found`, and as `AdminApi` does */
  async send({ accountId, userId, text }: Input<"send">): Promise<NoticeEnd> {
    const api = this.#parts.adminApiOf(accountId);
    const send = (): Promise<NoticeEnd> => sendServerNotice(api, userId, text);
    const end = await this.#parts.log.record({ actor: api.userId, target: userId, action: "send_notice" }, send, logged);
    if (end.status === "off") this.#available.set(accountId, false);
    return end;
  }
}

function logged(end: NoticeEnd): Ended {
  if (end.status === "sent") return { result: "done", detail: null };
  return end.status === "off" ? { result: "failed", detail: "off" } : { result: "unknown", detail: end.error.kind };
}
