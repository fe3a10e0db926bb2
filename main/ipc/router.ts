import type { IpcMain, IpcMainInvokeEvent } from "electron";
import type * as z from "zod";
import { channelNames, type Contract, contract, type Emit, type Handlers } from "../../shared/contract/index.ts";
import type { RequestDefinition } from "../../shared/contract/define.ts";
import type { AppError, Reply } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";
import { toAppError } from "./failures.ts";

const MOST_ISSUES = 20;

function invalidInput(error: z.ZodError): AppError {
  return {
    kind: "invalid_input",
    // Paths and rules only: zod's messages never repeat the value, which may be a password.
    issues: error.issues
      .slice(0, MOST_ISSUES)
      .map((issue) => `${issue.path.join(".") || "input"}: ${issue.code}`.slice(0, 300)),
  };
}

/** One request as a function from raw input to a reply that can cross to the renderer. Never rejects. */
export type Answer = (rawInput: unknown) => Promise<Reply<unknown>>;

/** The answering functions of the whole contract by channel name, each checking what comes in and what goes out. */
export function answersFor(handlers: Handlers, logger: Logger): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  for (const domainName of Object.keys(contract) as (keyof Contract)[]) {
    const implemented = handlers[domainName] as Record<string, (input: unknown) => unknown>;
    for (const [name, definition] of Object.entries<RequestDefinition>(contract[domainName].requests)) {
      const channel = `${domainName}.${name}`;
      const handler = implemented[name];
      if (!handler) throw new Error(`nothing implements ${channel}`);
      answers.set(channel, async (rawInput) => {
        try {
          const input = definition.input.safeParse(rawInput);
          if (!input.success) return { ok: false, error: invalidInput(input.error) };
          const value = await handler.call(implemented, input.data);
          return { ok: true, value: definition.output.parse(value) };
        } catch (thrown) {
          return { ok: false, error: toAppError(thrown, channel, logger) };
        }
      });
    }
  }
  return answers;
}

export interface RouterOptions {
  ipcMain: Pick<IpcMain, "handle">;
  /** The window is opened while the rooms behind the handlers are still being built: its first questions wait for them. */
  handlers: Promise<Handlers>;
  isTrusted: (event: IpcMainInvokeEvent) => boolean;
  logger: Logger;
}

/**
 * Connects every request of the contract with its handler. Callers that are not trusted get `forbidden_sender`.
 * Resolves when there are handlers for all; rejects when there are not, and every request is then `internal`.
 */
export async function startRouter({ ipcMain, handlers, isTrusted, logger }: RouterOptions): Promise<void> {
  const answers = handlers.then((ready) => answersFor(ready, logger));
  for (const channel of channelNames().requests) {
    ipcMain.handle(channel, async (event, rawInput: unknown): Promise<Reply<unknown>> => {
      if (!isTrusted(event)) {
        logger.warn("refused a caller that is not our window", { channel });
        return { ok: false, error: { kind: "forbidden_sender" } };
      }
      try {
        return await (await answers).get(channel)!(rawInput);
      } catch (thrown) {
        return { ok: false, error: toAppError(thrown, channel, logger) };
      }
    });
  }
  await answers;
}

/**
 * Makes the function that sends events. A payload that does not fit its schema is a defect: it is logged and not sent,
 * and fields that the schema does not name are stripped.
 */
export function createEmit(send: (channel: string, payload: unknown) => void, logger: Logger): Emit {
  return (channel, payload) => {
    const [domainName, name] = channel.split(".") as [keyof Contract, string];
    const schema = (contract[domainName].events as Record<string, z.ZodType>)[name];
    const parsed = schema?.safeParse(payload);
    if (parsed?.success) send(channel, parsed.data);
    else logger.error("an event did not fit its schema", { channel, issues: parsed?.error.issues.map((i) => i.path) });
  };
}
