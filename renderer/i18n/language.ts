import { directionOf, formattingLocale, type Language, PSEUDO, supportedLanguage } from "../../shared/i18n/language.ts";
import en from "./en.json" with { type: "json" };
import { messageAt, type Texts } from "./textTree.ts";

/** English comes with the page, and stands in for what another language lacks. The others are loaded when they are wanted. */
const english: Texts = en;
const others: Readonly<Record<Exclude<Language, "en">, () => Promise<Texts>>> = {
  de: async () => (await import("./de.json", { with: { type: "json" } })).default,
  [PSEUDO]: async () => (await import("./pseudo.ts")).pseudoTexts(english),
};

let language: Language = "en";
let texts: Texts = english;
let locale = regionalLocale("en");

/** The tag of dates and numbers in that language: the region is the system's. */
function regionalLocale(of: Language): string {
  return formattingLocale(of, typeof navigator === "undefined" ? [] : (navigator.languages ?? []));
}

/** The language of the texts now. */
export const currentLanguage = (): Language => language;

/** The tag for dates, numbers, lists and sorting. */
export const currentLocale = (): string => locale;

/** The tag for components of react-aria, which read the direction from it: Latin letters or, made up, Hebrew ones. */
export const componentLocale = (): string => (language === PSEUDO ? "en-Hebr" : locale);

/** Speaks that language from now on; what is on the screen has to be drawn again. Sets `lang` and `dir` of the page. */
export async function speakLanguage(wanted: Language): Promise<void> {
  texts = wanted === "en" ? english : await others[wanted]();
  language = wanted;
  locale = regionalLocale(wanted);
  if (typeof document === "undefined") return;
  document.documentElement.lang = wanted;
  document.documentElement.dir = directionOf(wanted);
}

/** The language that main has put into the page. */
export const languageOfPage = (): Language => supportedLanguage([document.documentElement.lang]);

/** A message and the language that it is in: English where the language spoken lacks it. Undefined: there is none. */
export function messageOf(key: string): { readonly message: string; readonly locale: string } | undefined {
  const own = messageAt(texts, key);
  if (own !== undefined) return { message: own, locale };
  const fallback = messageAt(english, key);
  return fallback === undefined ? undefined : { message: fallback, locale: regionalLocale("en") };
}
