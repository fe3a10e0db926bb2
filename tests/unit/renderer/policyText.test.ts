import { expect, it } from "vitest";
import { policyText } from "../../../renderer/components/policyText.ts";

const policy = (...languages: string[]) => ({
  id: "privacy",
  texts: languages.map((language) => ({ language, name: language, url: "https://example.org/" })),
});

it.each([
  [["en", "de", "de-AT"], ["de-AT", "en"], "de-AT"],
  [["en", "de_at"], ["de-AT"], "de_at"],
  [["en", "de"], ["de-AT", "en"], "de"],
  [["en", "de-CH"], ["de-AT", "en"], "de-CH"],
  [["fr", "en_US"], ["de-AT"], "en_US"],
  [["fr"], ["de-AT", "en"], "fr"],
  [["fr", "it"], [], "fr"],
])("of %s, who reads %s gets %s", (there, read, shown) => {
  expect(policyText(policy(...there), read).language).toBe(shown);
});
