import type * as z from "zod";
import { type Contract, contract, type Emit } from "../../shared/contract/index.ts";
import type { Logger } from "../logging/logger.ts";

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
