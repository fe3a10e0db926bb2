import type * as z from "zod";
import { type Contract, contract, type Handlers } from "../../shared/contract/index.ts";
import type { RequestDefinition } from "../../shared/contract/defineDomain.ts";
import { ANY_REQUEST } from "../../shared/contract/errorKinds.ts";
import type { AppError, AppErrorKind, Reply } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";
import { toAppError } from "./failures.ts";

const MAX_ISSUES = 20;

function invalidInput(error: z.ZodError): AppError {
  return {
    kind: "invalid_input",
    // Paths and rules only, or the names of our own rules: never the value, which may be a password.
    issues: error.issues.slice(0, MAX_ISSUES).map((issue) => {
      const rule = issue.code === "custom" && /^[a-z_]+$/.test(issue.message) ? issue.message : issue.code;
      return `${issue.path.join(".") || "input"}: ${rule}`.slice(0, 300);
    }),
  };
}

/** One request as a function from raw input to a reply that can cross to the renderer. Never rejects. */
export type Answer = (rawInput: unknown) => Promise<Reply<unknown>>;

/** The answering functions of the whole contract by channel name, each checking what comes in and what goes out. */
export function checkedHandlers(handlers: Handlers, logger: Logger): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  for (const domainName of Object.keys(contract) as (keyof Contract)[]) {
    const implemented = handlers[domainName] as Record<string, (input: unknown) => unknown>;
    for (const [name, definition] of Object.entries<RequestDefinition>(contract[domainName].requests)) {
      const channel = `${domainName}.${name}`;
      const handler = implemented[name];
      if (!handler) throw new Error(`nothing implements ${channel}`);
      const named = new Set<AppErrorKind>([...ANY_REQUEST, ...definition.errors]);
      answers.set(channel, async (rawInput) => {
        try {
          const input = definition.input.safeParse(rawInput);
          if (!input.success) return { ok: false, error: invalidInput(input.error) };
          const value = await handler.call(implemented, input.data);
          return { ok: true, value: definition.output.parse(value) };
        } catch (thrown) {
          return { ok: false, error: toAppError(thrown, channel, logger, named) };
        }
      });
    }
  }
  return answers;
}
