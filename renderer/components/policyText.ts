import type { Policy } from "../../shared/contract/registration.ts";

type PolicyText = Policy["texts"][number];

/**
 * A policy in the language that suits a person best: theirs (`de-AT`), then the same one of elsewhere (`de`), then English,
 * then the first there is. Servers write languages with a hyphen or an underscore.
 *
 * @param languages what the person reads, best first
 */
export function policyText({ texts }: Policy, languages: readonly string[]): PolicyText {
  const tidy = (language: string): string => language.replaceAll("_", "-").toLowerCase();
  const base = (language: string): string => tidy(language).split("-")[0] ?? "";
  for (const wanted of [...languages, "en"]) {
    const found =
      texts.find(({ language }) => tidy(language) === tidy(wanted)) ??
      texts.find(({ language }) => tidy(language) === base(wanted)) ??
      texts.find(({ language }) => base(language) === base(wanted));
    if (found) return found;
  }
  return texts[0]!;
}
