import type { ZxcvbnFactory } from "@zxcvbn-ts/core";
import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";
import type { Language } from "../../shared/i18n/language.ts";
import type { Secret } from "../../shared/secret.ts";

let estimator: Promise<ZxcvbnFactory> | null = null;
let language: Language = "en";

/** Gives the advice in that language from now on, and knows its common words and names. */
export function adviseIn(wanted: Language): void {
  if (wanted === language) return;
  language = wanted;
  estimator = null;
}

/**
 * zxcvbn's time grows with the square of the length, and it holds up everything else meanwhile. What comes after so many
 * characters can only make a phrase better.
 */
const JUDGED_CHARACTERS = 100;

/**
 * How hard a phrase is to guess, by zxcvbn. The dictionaries are large and are loaded at the first question.
 *
 * @param guessableWords what an attacker knows of the person: user ids, display names, server names
 * @param goodFrom the lowest score (0 to 4) that counts as good
 */
export async function phraseStrength(phrase: Secret, guessableWords: readonly string[], goodFrom: number): Promise<PhraseStrength> {
  estimator ??= loadEstimator(language);
  const zxcvbn = await estimator.catch((error: unknown) => {
    estimator = null;
    throw error;
  });
  const { score, feedback } = zxcvbn.check(phrase.reveal().slice(0, JUDGED_CHARACTERS), guessableWords.flatMap(withItsParts));
  const { warning, suggestions } = feedback;
  return { score, good: score >= goodFrom, warning: warning === "" ? null : warning, suggestions };
}

/** `@alice:example.org` gives away "alice" and "example" too. */
function withItsParts(word: string): string[] {
  const parts = word.split(/[\s@:._-]+/u).filter((part) => part.length > 2);
  return [word, ...parts];
}

async function loadEstimator(wanted: Language): Promise<ZxcvbnFactory> {
  const [core, common, english, german] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
    wanted === "de" ? import("@zxcvbn-ts/language-de") : null,
  ]);
  // English words stay known: they are in passwords everywhere.
  const germanWords = Object.entries(german?.dictionary ?? {}).map(([name, words]) => [`${name}-de`, words] as const);
  return new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary, ...Object.fromEntries(germanWords) },
    graphs: common.adjacencyGraphs,
    // A sentence that the German package does not have yet is said in English.
    translations: german
      ? {
          warnings: { ...english.translations.warnings, ...german.translations.warnings },
          suggestions: { ...english.translations.suggestions, ...german.translations.suggestions },
          timeEstimation: { ...english.translations.timeEstimation, ...german.translations.timeEstimation },
        }
      : english.translations,
  });
}
