import * as z from "zod";
import { MAX_TYPED, type Read } from "../fields.ts";

/** What a person types, checked as the form checks it. The issue names the problem and never repeats what was typed. */
export function typed(read: (text: string) => Read<string>) {
  return z
    .string()
    .max(MAX_TYPED)
    .transform((text, context) => {
      const { value, problem } = read(text);
      if (problem === undefined) return value;
      context.addIssue({ code: "custom", message: problem });
      return z.NEVER;
    });
}
