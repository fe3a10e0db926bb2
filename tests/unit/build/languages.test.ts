import { globSync } from "node:fs";
import { join } from "node:path";
import { LocalizedStringDictionary } from "@internationalized/string";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { spokenLanguages } from "../../../build/leanPackages.ts";
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
    plugins: [spokenLanguages],
  });
  const text = outputFiles[0]?.text ?? "";
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Dictionaries;
}

const others = ["fr-CA", "nl-NL", "pt-BR", "zh-TW", "zh-Hant-HK", "ar-AE", "sr-Latn-RS", "en-GB", "eo", "en-Hebr"];

test("the components find their words on a desktop of any language: German ones, or else English ones", async () => {
  const dictionaries = Object.values(await bundledDictionaries());
  expect(dictionaries.length).toBeGreaterThan(10);
  let different = 0;
  for (const messages of dictionaries) {
    const [english = {}, german = {}] = [messages["en-US"], messages["de-DE"]];
    const dictionary = new LocalizedStringDictionary(messages);
    for (const key of Object.keys(english)) {
      for (const locale of others) expect(dictionary.getStringForLocale(key, locale)).toBe(english[key]);
      for (const locale of ["de", "de-DE", "de-AT"]) expect(dictionary.getStringForLocale(key, locale)).toBe(german[key]);
      if (String(english[key]) !== String(german[key])) different += 1;
    }
  }
  expect(different).toBeGreaterThan(20);
});
