import { readFileSync, globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import de from "../../../renderer/i18n/de.json" with { type: "json" };
import en from "../../../renderer/i18n/en.json" with { type: "json" };
import { argumentsFile, argumentsOf, argumentTypes, textsOf } from "../../../build/texts.ts";
import mainGerman from "../../../main/app/texts/de.json" with { type: "json" };
import mainEnglish from "../../../main/app/texts/en.json" with { type: "json" };
import { daysBetween, durationText, errorWords, momentText, sizeText, t } from "../../../renderer/i18n/index.ts";

const root = join(import.meta.dirname, "../../..");
const sourceOf = (folder: string): string =>
  globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root })
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
const source = sourceOf("renderer");
/** What keys are put together from at run time: values of the contract, of errors, of main and of the renderer. */
const words = new Set((source + sourceOf("shared") + sourceOf("main")).match(/[\w-]+(?="|\??:)/g));

const keys = [...textsOf(en).keys()];

/** Keys that are put together at run time, such as `errors.${kind}`: what stands in the place of a part is caught. */
const built = [...source.matchAll(/`([a-zA-Z_]+\.(?:[a-zA-Z_.]|\$\{[^`{}]*\})*)`/g)]
  .map(([, template = ""]) => template)
  .filter((template) => template.includes("${"))
  .map((template) => new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\$\{[^{}]*\}/g, "([^.]+)")}$`));

/** Whether the code may put this key together: what stands in for each part is a word of the code, or a number. */
function isBuilt(key: string): boolean {
  return built.some((template) => {
    const parts = template.exec(key)?.slice(1);
    return parts?.every((part) => words.has(part) || /^\d{1,2}$/.test(part)) ?? false;
  });
}

/** One error of each kind, with recognisable values in its fields. */
const examples = {} as Record<AppError["kind"], Record<string, unknown>>;
for (const { shape } of AppError.unwrap().options) examples[shape.kind.value] = { kind: shape.kind.value };
const fields: Record<string, unknown> = {
  softLogout: false,
  userId: "@u:example.org",
  username: "alice",
  accountId: "0000000000000001",
  expected: "@a:example.org",
  got: "@b:example.org",
  serverName: "example.org",
  host: "host.example",
  to: "https://other.example",
  baseUrl: "http://host.example",
  retryAfterMs: 1000,
  status: 500,
  errcode: "M_X",
  message: "what the server said",
  code: "invalid_client_metadata",
  description: "what the sign-in service said",
  url: "https://host.example/terms",
  contact: "mailto:admin@host.example",
  limitBytes: 5_000_000,
  rounds: 20_000_000,
  most: 10_000_000,
  columns: ["Name"],
  bits: 128,
  file: "index.json",
  failed: ["master"],
  issues: ["identifier.address: not_an_email"],
  ref: "abc123",
  name: "my old key",
  fields: ["admin", "displayName"],
};
for (const { shape } of AppError.unwrap().options) {
  const example = examples[shape.kind.value];
  for (const name of Object.keys(shape)) if (name in fields) example[name] = fields[name];
}
examples.network["reason"] = "timeout";
examples.password_refused["reason"] = "too_short";
examples.address_refused["reason"] = "in_use";
examples.phone_refused["reason"] = "wrong_code";
examples.file_failed["reason"] = "no_space";
examples.phrase_unusable["reason"] = "rounds";
examples.well_known_invalid["reason"] = "no_homeserver";
examples.bad_certificate["reason"] = "CERT_HAS_EXPIRED";

describe("texts", () => {
  test("every key that the code names exists", () => {
    const named = [...source.matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key]) => key ?? "");
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((key) => !keys.includes(key))).toEqual([]);
  });

  test("what each text takes is known to the compiler", () => {
    expect(readFileSync(argumentsFile, "utf8"), "run `npm run texts`").toBe(argumentTypes(en));
  });

  test("every text is used", () => {
    expect(keys.filter((key) => !source.includes(`"${key}"`) && !isBuilt(key))).toEqual([]);
  });

  test("a beginning does not excuse every text that shares it", () => {
    expect(isBuilt("errors.rate_limited")).toBe(true);
    expect(isBuilt("errors.of_nothing_that_there_is")).toBe(false);
  });

  test("a number chooses the plural form and is written with separators", () => {
    expect(t("signOut.keysLost", { count: 1 })).toMatch(/^1 room key is not backed up/);
    expect(t("signOut.keysLost", { count: 4120 })).toMatch(/^4,120 room keys are not backed up/);
  });

  test("parameters are text: braces in them are left alone", () => {
    expect(t("signOut.title", { name: "{name} $& \\1" })).toBe("Sign out {name} $& \\1?");
  });

  test("sizes and lengths of time", () => {
    expect([sizeText(999), sizeText(50_000), sizeText(52_428_800)]).toEqual(["999 bytes", "50 kB", "52.4 MB"]);
    expect([durationText(1), durationText(61_000), durationText(600_000), durationText(7_200_000)]).toEqual([
      "1 second",
      "61 seconds",
      "10 minutes",
      "2 hours",
    ]);
    expect(durationText(-5)).toBe("0 seconds");
  });

  test("moments are said relative to midnight, not to 24 hours", () => {
    const now = new Date(2026, 4, 3, 0, 30).getTime();
    expect(daysBetween(now - 3_600_000, now)).toBe(1);
    expect(momentText(now - 20_000, now)).toBe("just now");
    expect(momentText(now - 300_000, now)).toBe("5 minutes ago");
    expect(momentText(now - 2 * 3_600_000, now)).toBe("yesterday");
    expect(momentText(now + 60_000, now)).toBe("just now");
  });
});

const languages = [
  ["renderer/i18n/de.json", textsOf(en), textsOf(de)],
  ["main/app/texts/de.json", textsOf(mainEnglish), textsOf(mainGerman)],
] as const;

describe.each(languages)("%s", (file, english, german) => {
  test("says everything that the English texts say, and nothing else", () => {
    expect(
      [...english].filter(([key]) => !german.has(key)),
      `add these to ${file}`,
    ).toEqual([]);
    expect(
      [...german.keys()].filter((key) => !english.has(key)),
      `remove these from ${file}`,
    ).toEqual([]);
  });

  test("takes the same arguments as the English texts", () => {
    const shape = (message: string): string[] => [...argumentsOf(message)].map(([name, { type }]) => `${name}: ${type}`).sort();
    const different = [...german].filter(([key, message]) => String(shape(message)) !== String(shape(english.get(key) ?? "")));
    expect(different).toEqual([]);
  });
});

describe("errors", () => {
  test.each(Object.keys(examples) as AppError["kind"][])("%s is a whole sentence without gaps", (kind) => {
    const error = AppError.parse(examples[kind]);
    const { sentence, next } = errorWords(error);
    for (const text of [sentence, next ?? "Fine."]) {
      expect(text).not.toMatch(/[{}]|undefined|\[object/);
      expect(text).toMatch(/^[A-Z@a-z].*\S[.)!?]?$/);
      expect(text).not.toMatch(/ {2}|\s$/);
    }
    if (kind.includes("_")) expect(sentence).not.toContain(kind);
  });

  test("what a server wrote is shown as it is", () => {
    expect(errorWords({ kind: "forbidden", message: "<b>No</b> {host}" }).sentence).toBe(
      "Not allowed. The server says: “\u2068<b>No</b> {host}\u2069”",
    );
    expect(errorWords({ kind: "server", status: 502, errcode: "M_UNKNOWN", message: "" }).sentence).toContain("502 M_UNKNOWN");
  });

  test.each([
    ["CERT_HAS_EXPIRED", "expired"],
    ["ERR_CERT_DATE_INVALID", "expired"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "but the server itself"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "another name"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "nobody whom this computer trusts"],
    ["ERR_CERT_REVOKED", "revoked"],
    ["ERR_SSL_PROTOCOL_ERROR", "(ERR_SSL_PROTOCOL_ERROR)"],
  ])("the certificate code %s is said in words", (reason, words) => {
    expect(errorWords({ kind: "bad_certificate", host: "host.example", reason }).sentence).toContain(words);
  });

  test.each(["not_json", "error_status", "no_homeserver", "base_url"])("the reason %s is said in words", (reason) => {
    const { sentence } = errorWords({ kind: "well_known_invalid", host: "host.example", reason });
    expect(sentence).toMatch(/^host\.example gives a wrong homeserver address: [a-z ]+\.$/);
  });

  test("a soft logout is told apart from a hard one", () => {
    const soft = errorWords({ kind: "unauthenticated", softLogout: true }).sentence;
    expect(soft).not.toBe(errorWords({ kind: "unauthenticated", softLogout: false }).sentence);
  });
});

test.each(["en", "de"])("no text stands twice in %s.json: the later one would quietly take the place of the first", (language) => {
  const text = readFileSync(join(root, `renderer/i18n/${language}.json`), "utf8");
  const twice: string[] = [];
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:|[{}]|"(?:[^"\\]|\\.)*"/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (key !== undefined) {
      if (open.at(-1)?.has(key)) twice.push(key);
      open.at(-1)?.add(key);
    }
  }
  expect(twice).toEqual([]);
});
