import { globSync } from "node:fs";
import { join } from "node:path";
import { LocalizedStringDictionary } from "@internationalized/string";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { englishAlone } from "../../../build/bundle.ts";
import { root } from "../../../build/paths.ts";

type Dictionaries = Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>>;

/** The dictionaries of the packages behind our components, as the bundle holds them. */
async function bundledDictionaries(): Promise<Dictionaries> {
  const files = globSync("node_modules/react-*/dist/private/**/intlStrings.mjs", { cwd: root });
  const entry = files.map((file, index) => `export { default as d${index} } from ${JSON.stringify(join(root, file))};`);
  const { outputFiles } = await build({
    stdin: { contents: entry.join("\n"), resolveDir: root },
    bundle: true,
    format: "esm",
    write: false,
    plugins: [englishAlone],
  });
  const text = outputFiles[0]?.text ?? "";
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Dictionaries;
}

const locales = ["de-DE", "de-AT", "fr-CA", "nl-NL", "pt-BR", "zh-TW", "zh-Hant-HK", "ar-AE", "sr-Latn-RS", "en-GB", "eo"];

test("the components find their words on a desktop of any language", async () => {
  const dictionaries = Object.values(await bundledDictionaries());
  expect(dictionaries.length).toBeGreaterThan(10);
  for (const messages of dictionaries) {
    const english = messages["en-US"] ?? {};
    const dictionary = new LocalizedStringDictionary(messages);
    for (const locale of locales) {
      for (const key of Object.keys(english)) expect(dictionary.getStringForLocale(key, locale)).toBe(english[key]);
    }
  }
});
