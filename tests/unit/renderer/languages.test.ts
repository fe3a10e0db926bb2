import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Argument, argumentsOf, textsOf } from "../../../build/texts.ts";
import mainGerman from "../../../main/app/texts/de.json" with { type: "json" };
import mainEnglish from "../../../main/app/texts/en.json" with { type: "json" };
import { countries } from "../../../renderer/i18n/countries.ts";
import german from "../../../renderer/i18n/de.json" with { type: "json" };
import english from "../../../renderer/i18n/en.json" with { type: "json" };
import { dateText, durationText, errorWords, listText, momentText, numberText, sizeText, t } from "../../../renderer/i18n/index.ts";
import { currentLanguage, messageOf, speakLanguage } from "../../../renderer/i18n/language.ts";
import { pseudoMessage } from "../../../renderer/i18n/pseudo.ts";
import { formatMessage } from "../../../shared/i18n/message.ts";
import { formattingLocale, supportedLanguage } from "../../../shared/i18n/language.ts";
import { secretOf } from "../../support/secretValues.ts";

/** The same arguments of the same types; which forms they have is the language's own. */
const shape = (found: Map<string, Argument>): [string, string][] =>
  [...found].map(([name, { type }]): [string, string] => [name, type]).sort(([a], [b]) => (a < b ? -1 : 1));

const files = [
  ["en", new Map([...textsOf(english), ...textsOf(mainEnglish)])],
  ["de", new Map([...textsOf(german), ...textsOf(mainGerman)])],
] as const;

test("a number in a message is written as in all regions that the languages are spoken in", () => {
  const regions = ["US", ...countries().map(({ value }) => value)];
  const wrong = ["en", "de"]
    .flatMap((language) => regions.map((region) => formattingLocale(language as "en" | "de", [`${language}-${region}`])))
    .filter((locale) =>
      [0, 7, 42, 999, 1000, 1_234_567, 0.5, -3].some(
        (count) => formatMessage("{count, number}", { count }, locale) !== new Intl.NumberFormat(locale).format(count),
      ),
    );
  expect(wrong).toEqual([]);
});

describe.each(files)("the texts in %s", (language, texts) => {
  test("have every plural form of the language", () => {
    const forms = [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort();
    const wrong = [...texts].filter(([, message]) =>
      [...argumentsOf(message).values()].some(({ type, forms: own }) => {
        if (type !== "number" || own.length === 0) return false;
        const named = own.filter((form) => !form.startsWith("="));
        // "none" and "any" are no matter of grammar.
        const noneOrAny = named.length < own.length && String(named) === "other";
        return !noneOrAny && String(named.sort()) !== String(forms);
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("have no straight quotes, no dots for an ellipsis, no blanks at the ends, and no empty text", () => {
    const wrong = [...texts].filter(([, text]) => /["']|\.\.\.|^\s|\s$|^$| {2}/.test(text));
    expect(wrong).toEqual([]);
  });

  test("quote as the language does", () => {
    const open = language === "de" ? "„" : "“";
    const close = language === "de" ? "“" : "”";
    const wrong = [...texts].filter(([, text]) => {
      const quotes = [...text].filter((character) => "“”„‚".includes(character));
      return quotes.some((quote, index) => quote !== (index % 2 === 0 ? open : close)) || quotes.length % 2 === 1;
    });
    expect(wrong).toEqual([]);
  });
});

test("one thing has one name in German", () => {
  const otherNames: readonly [RegExp, RegExp][] = [
    [/\bsessions?\b/i, /Session|Gerät(?!.{0,60}Seite)/],
    [/\bSecure Backup\b/, /Secure Backup|Sicheres Backup|\bBackup\b/],
    [/\bSecurity Key\b/, /Recovery|Security Key/],
    [/\broom keys?\b/i, /Room[- ]?Key|Megolm|Raum-Schlüssel/i],
    [/\bhomeserver/i, /Heimserver|Heim-Server/],
  ];
  const de = textsOf(german);
  const wrong = [...textsOf(english)].filter(([key, text]) =>
    otherNames.some(
      ([name, other]) => name.test(text) && other.test(de.get(key) ?? "") && !/one of your devices|Remove the device/.test(text),
    ),
  );
  expect(wrong.map(([key]) => [key, de.get(key)])).toEqual([]);
});

test("sentences address the person with Sie", () => {
  const informal = [...textsOf(german), ...textsOf(mainGerman)].filter(([, text]) =>
    /\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[rnms]?)\b/.test(text),
  );
  expect(informal).toEqual([]);
});

describe("the language of a person", () => {
  test.each([
    [["de-AT", "en"], "de"],
    [["de_DE"], "de"],
    [["fr-CA", "de"], "de"],
    [["fr-CA"], "en"],
    [["den"], "en"],
    [["DE"], "de"],
    [["en-XA"], "en-XA"],
    [[], "en"],
  ] as const)("of %j is %s", (wanted, language) => {
    expect(supportedLanguage(wanted)).toBe(language);
  });

  test("writes dates as the person's region does, where it speaks that language", () => {
    expect(formattingLocale("de", ["en-US", "de-AT"])).toBe("de-AT");
    expect(formattingLocale("en", ["de-AT"])).toBe("en");
  });
});

describe("in German", () => {
  beforeEach(() => speakLanguage("de"));
  afterEach(() => speakLanguage("en"));

  test("texts, numbers and plural forms are German", () => {
    expect(t("all.title")).toBe("Alle Konten");
    expect(t("signOut.keysLost", { count: 1 })).toMatch(/^1 Raumschlüssel ist nicht gesichert/);
    expect(t("signOut.keysLost", { count: 4120 })).toMatch(/^4\.120 Raumschlüssel sind nicht gesichert/);
    expect(numberText(1234.5)).toBe("1.234,5");
    expect(t("jobs.progressPercent", { share: 0.42 })).toBe("42\u00a0%");
  });

  test("sizes, lengths of time, moments, lists and countries are German", () => {
    expect(sizeText(52_428_800)).toBe("52,4 MB");
    expect(durationText(600_000)).toBe("10 Minuten");
    const now = new Date(2026, 4, 3, 12, 30).getTime();
    expect(momentText(now - 300_000, now)).toBe("vor 5 Minuten");
    expect(momentText(now - 86_400_000, now)).toBe("gestern");
    expect(dateText(now)).toContain("03.05.2026");
    expect(listText(["a", "b", "c"])).toBe("a, b und c");
    expect(countries().find(({ value }) => value === "AT")?.text).toBe("Österreich");
  });

  test("errors say what happened and what to do", () => {
    expect(errorWords({ kind: "wrong_passphrase" })).toEqual({
      sentence: "Das ist nicht die Passphrase.",
      next: "Versuchen Sie es erneut.",
    });
  });

  test("a text that it lacks is said in English", () => {
    expect(messageOf("all.title")?.message).toBe("Alle Konten");
    const all = german.all as { title?: string };
    const { title = "" } = all;
    delete all.title;
    try {
      expect(t("all.title")).toBe("All accounts");
    } finally {
      all.title = title;
    }
  });

  test("goes back to English", async () => {
    await speakLanguage("en");
    expect([currentLanguage(), t("all.title")]).toEqual(["en", "All accounts"]);
  });
});

describe("the pseudo-language", () => {
  test("is longer by a third, in brackets, and readable", () => {
    expect(pseudoMessage("All accounts")).toBe("⟦Àļļ àççöûñţš····⟧");
  });

  test("leaves the syntax of messages alone, and writes every message out", () => {
    for (const [key, message] of textsOf(english)) {
      const values: Record<string, string | number> = {};
      for (const [name, { type }] of argumentsOf(message)) values[name] = type === "number" ? 2 : "x";
      const text = formatMessage(pseudoMessage(message), values, "en");
      expect(text, key).toMatch(/^⟦.*⟧$/su);
      expect(shape(argumentsOf(pseudoMessage(message))), key).toEqual(shape(argumentsOf(message)));
    }
  });
});

test("the strength of a passphrase is explained in the language, and German words are known", async () => {
  const { adviseIn, phraseStrength } = await import("../../../main/secrets/phraseStrength.ts");
  expect((await phraseStrength(secretOf("passphrase", "aaaaaa"), [], 3)).warning).toMatch(/^Repeated characters/);
  const before = (await phraseStrength(secretOf("passphrase", "schmetterling"), [], 3)).score;
  adviseIn("de");
  try {
    expect((await phraseStrength(secretOf("passphrase", "aaaaaa"), [], 3)).warning).toMatch(/^Sich wiederholende Zeichen/);
    expect((await phraseStrength(secretOf("passphrase", "schmetterling"), [], 3)).score).toBeLessThan(before);
  } finally {
    adviseIn("en");
  }
});
