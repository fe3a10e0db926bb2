import * as z from "zod";

/** How hard a phrase is to guess. */
export const PhraseStrength = z.object({
  /** zxcvbn's score, 0 to 4. */
  score: z.number().int().min(0).max(4),
  /** Hard enough for what it is to protect. */
  good: z.boolean(),
  warning: z.string().nullable(),
  suggestions: z.array(z.string()),
});
export type PhraseStrength = z.infer<typeof PhraseStrength>;
