import type { IpcMain, IpcMainInvokeEvent } from "electron";
import type { Reply } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { Answer } from "./checkedHandlers.ts";
import { toAppError } from "./failures.ts";

export interface RouterOptions {
  ipcMain: Pick<IpcMain, "handle">;
  /** The names of all requests. */
  channels: readonly string[];
  /** The window is opened while what answers is still being built: its first questions wait for it. */
  answers: Promise<ReadonlyMap<string, Answer>>;
  isTrusted: (event: IpcMainInvokeEvent) => boolean;
  /** Called for each request of the window, before it is answered. */
  onRequest: () => void;
  logger: Logger;
}

/**
 * Listens to every request and hands it to its answer. Callers that are not trusted get `forbidden_sender`. When there
 * are no answers, every request is `internal`. It knows the names alone, so that it stands before the contract is loaded.
 */
export function startRouter({ ipcMain, channels, answers, isTrusted, onRequest, logger }: RouterOptions): void {
  for (const channel of channels) {
    ipcMain.handle(channel, async (event, rawInput: unknown): Promise<Reply<unknown>> => {
      if (!isTrusted(event)) {
        logger.warn("refused a caller that is not our window", { channel });
        return { ok: false, error: { kind: "forbidden_sender" } };
      }
      onRequest();
      try {
        const answer = (await answers).get(channel);
        if (!answer) throw new Error(`nothing answers ${channel}`);
        return await answer(rawInput);
      } catch (thrown) {
        return { ok: false, error: toAppError(thrown, channel, logger) };
      }
    });
  }
}
