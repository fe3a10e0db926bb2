import * as z from "zod";
import { LoggedAction } from "../../shared/contract/actionLog.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { mayBeDoneUnseen } from "../http/lostAnswer.ts";
import { serverText } from "../http/serverText.ts";
import type { Logger } from "../logging/logger.ts";
import { type DamagedFile, JsonFile } from "../storage/jsonFile.ts";
import { newId } from "../storage/newId.ts";

/** Older ones are forgotten. */
const MAX_ACTIONS = 2000;
const MAX_DETAIL = 200;

/** What a later version has added stays where this one writes. */
const LogData = z.looseObject({ actions: z.array(LoggedAction.loose()) });

/** What is about to be done. */
export type Begun = Pick<LoggedAction, "actor" | "target" | "action">;

/** What became of it. */
export type Ended = Pick<LoggedAction, "result" | "detail" | "changes">;

/**
 * What admins did to servers from this computer, oldest first: who, to whom, what, and what came of it. Nothing secret is
 * handed to it.
 */
export class ActionLog {
  readonly #file: JsonFile<z.infer<typeof LogData>>;

  readonly #logger: Pick<Logger, "warn"> | undefined;

  constructor({ path, onDamaged, logger }: { path: string; onDamaged: (damaged: DamagedFile) => void; logger?: Pick<Logger, "warn"> }) {
    this.#logger = logger;
    this.#file = new JsonFile({ path, schema: LogData, version: 1, onDamaged });
  }

  /**
   * The last one first.
   *
   * @param serverName what was done by admins of this server alone; everything unless given
   * @throws `data_too_new`, `file_failed`
   */
  async list(serverName: string | null = null): Promise<LoggedAction[]> {
    const actions = (await this.#file.read())?.actions ?? [];
    return actions.filter(({ actor }) => serverName === null || actor.slice(actor.indexOf(":") + 1) === serverName).reverse();
  }

  /**
   * Does something that is written down before and after. What cannot be written down is not done; where only its end cannot be,
   * it stays as begun, and whoever asked is told what came of it all the same.
   *
   * @param resultOf what the answer means, where not every answer means that it was done
   * @throws what `perform` throws, and before anything is done `data_too_new`, `file_failed`
   */
  async record<T>(begun: Begun, perform: () => Promise<T>, resultOf: (answer: T) => Ended = () => DONE): Promise<T> {
    const entry: LoggedAction = { ...begun, id: newId<ConversationId>(), at: Date.now(), result: "begun", detail: null };
    await this.#file.update((now) => ({ ...now, actions: [...(now?.actions ?? []), entry].slice(-MAX_ACTIONS) }));
    let answer: T;
    try {
      answer = await perform();
    } catch (thrown) {
      await this.#end(entry, endOf(thrown));
      throw thrown;
    }
    await this.#end(entry, resultOf(answer));
    return answer;
  }

  /** Notes that something was undone. @throws `data_too_new`, `file_failed` */
  async undone(id: ConversationId): Promise<void> {
    await this.#update(id, { undone: true });
  }

  async #update(id: ConversationId | undefined, changes: Partial<LoggedAction>): Promise<void> {
    await this.#file.update((now) => ({
      ...now,
      actions: (now?.actions ?? []).map((kept) => (kept.id === id ? { ...kept, ...changes } : kept)),
    }));
  }

  async #end(entry: LoggedAction, ended: Ended): Promise<void> {
    try {
      await this.#update(entry.id, ended);
    } catch (error) {
      this.#logger?.warn("what came of an admin's action could not be written down", { error });
    }
  }
}

const DONE: Ended = { result: "done", detail: null };

function endOf(thrown: unknown): Ended {
  if (!(thrown instanceof AppFailure)) return { result: "failed", detail: null };
  const { error } = thrown;
  const said = error.kind === "server" ? `${error.errcode} ${error.message}` : error.kind === "forbidden" ? error.message : "";
  const detail = serverText(`${error.kind} ${said}`.trim(), MAX_DETAIL);
  return { result: mayBeDoneUnseen(thrown) ? "unknown" : "failed", detail };
}
