/** The languages that a person can choose. */
export const LANGUAGES = ["en", "de"] as const;

/** What is spoken: one of those, or the pseudo-language that shows developers what the texts miss (see `pseudo.ts`). */
export type Language = (typeof LANGUAGES)[number] | typeof PSEUDO;

/** English with accents, longer, and from right to left. `XA` is nobody's region; CLDR uses it for the like. */
export const PSEUDO = "en-XA";

const isOf = (language: string, tag: string): boolean => tag.toLowerCase().split(/[-_]/)[0] === language;

/**
 * The first language of a person's list that there are texts in; English when there is none.
 *
 * @param wanted BCP 47 tags, the best liked first
 */
export function supportedLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (tag === PSEUDO) return PSEUDO;
    const language = LANGUAGES.find((known) => isOf(known, tag));
    if (language) return language;
  }
  return "en";
}

/**
 * The tag by which dates, numbers and lists are written: as the person's region does it, where it speaks the language.
 *
 * @param regional BCP 47 tags of the system, such as `de-AT`
 */
export function formattingLocale(language: Language, regional: readonly string[]): string {
  if (language === PSEUDO) return "en";
  return regional.find((tag) => tag !== PSEUDO && isOf(language, tag)) ?? language;
}

/** The direction of its letters. */
export const directionOf = (language: Language): "ltr" | "rtl" => (language === PSEUDO ? "rtl" : "ltr");
