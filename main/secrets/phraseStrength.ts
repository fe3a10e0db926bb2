import type { ZxcvbnFactory } from "@zxcvbn-ts/core";
import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";

let estimator: Promise<ZxcvbnFactory> | null = null;

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
export async function phraseStrength(
  phrase: string,
  guessableWords: readonly string[],
  goodFrom: number,
): Promise<PhraseStrength> {
  estimator ??= loadEstimator();
  const zxcvbn = await estimator.catch((error: unknown) => {
    estimator = null;
    throw error;
  });
  const { score, feedback } = zxcvbn.check(phrase.slice(0, JUDGED_CHARACTERS), guessableWords.flatMap(withItsParts));
  const { warning, suggestions } = feedback;
  return { score, good: score >= goodFrom, warning: warning === "" ? null : warning, suggestions };
}

/** `@alice:example.org` gives away "alice" and "example" too. */
function withItsParts(word: string): string[] {
  const parts = word.split(/[\s@:._-]+/u).filter((part) => part.length > 2);
  return [word, ...parts];
}

async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [core, common, english] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  return new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  });
}
