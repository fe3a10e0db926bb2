import * as z from "zod";
import { Policy } from "../../shared/contract/registration.ts";

const Terms = z.object({ policies: z.record(z.string(), z.record(z.string(), z.unknown())) });
const TEXT = Policy.shape.texts.element.omit({ language: true });

/**
 * The documents in the parameters of `m.login.terms`, and in an identity server's terms. Null where they are not as the
 * specification has them, or lead elsewhere than to a web page: nobody can agree to what cannot be read.
 */
export function policiesIn(params: unknown): Policy[] | null {
  const parsed = Terms.safeParse(params);
  if (!parsed.success) return null;
  const policies = Object.entries(parsed.data.policies).map(([id, { version: _, ...languages }]) => ({
    id,
    texts: Object.entries(languages).flatMap(([language, text]) => {
      const { data } = TEXT.safeParse(text);
      return data ? [{ language, ...data }] : [];
    }),
  }));
  return z.array(Policy).max(50).safeParse(policies).data ?? null;
}
