import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Redactor, SecretsToRedact } from "../../../main/logging/redact.ts";
import { sample, seed } from "../../support/seed.ts";

const RUNS = sample(2_000, 100_000);
const TIMEOUT_MS = sample(120_000, 1_800_000);
const HOME = "/home/ada.l";

const BASE58 = [..."123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"];
const ALNUM = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];

const chars = (alphabet: readonly string[], minLength: number, maxLength = minLength): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });

/** A secret that shows itself by its looks, wherever it stands. */
const telling = fc.oneof(
  fc
    .tuple(fc.constantFrom("syt", "syr", "syl"), chars([...ALNUM, "+", "/"], 3, 12), chars(ALNUM, 20), chars(ALNUM, 6))
    .map(([kind, user, random, check]) => `${kind}_${user}_${random}_${check}`),
  fc
    .tuple(fc.constantFrom("mat", "mar", "mct"), chars(ALNUM, 30), chars(ALNUM, 6))
    .map(([kind, random, check]) => `${kind}_${random}_${check}`),
  fc
    .tuple(chars(BASE58, 46), fc.constantFrom("", " ", "\n", "\u00a0", "  ", "-", "\r\n  "))
    .map(([rest, gap]) => (`Es${rest}`.match(/.{1,4}/g) ?? []).join(gap)),
);

/** A secret that only its name or what is before it gives away. */
const opaque = fc.oneof(
  chars([...ALNUM, "_", "-"], 24, 48),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("base64")),
);
/** What a person may choose: anything printable, quotes and backslashes too. Marked, so that it can be looked for. */
const chosen = fc.string({ unit: "grapheme-ascii", minLength: 0, maxLength: 30 }).map((text) => `Xq7${text}zK9`);

const PHRASE_NAMES = ["password", "new_password", "passphrase", "securityPhrase", "currentPassword", "PASSWORD"];
const TOKEN_NAMES = [
  "access_token", "accessToken", "refresh_token", "loginToken", "token", "client_secret", "storageKey", "secret",
  "security_key", "recoveryKey", "Authorization", "code_verifier", "private_key", "code",
]; // prettier-ignore

const filler = fc.string({ unit: fc.constantFrom(..."abc xyz.,(){}[]\"'/?&=:\\\n".split("")), maxLength: 30 });

/** A secret, and a value in which it stands in a way that can be met in a log. */
const embedded = fc.oneof(
  fc.tuple(telling, filler, filler).map(([secret, before, after]) => ({ secret, value: before + secret + " " + after })),
  fc.tuple(telling, filler).map(([secret, before]) => ({ secret, value: `${before}${encodeURIComponent(secret)}` })),
  fc.tuple(opaque, filler).map(([secret, before]) => ({ secret, value: `${before} Bearer ${secret}` })),
  fc.tuple(opaque, fc.constantFrom(...TOKEN_NAMES)).map(([secret, name]) => ({
    secret,
    value: `GET https://hs.example/_matrix/x?a=1&${name}=${encodeURIComponent(secret)}&b=2 failed`,
  })),
  fc.tuple(opaque, fc.constantFrom(...TOKEN_NAMES)).map(([secret, name]) => ({
    secret,
    value: `https://a.example/?to=${encodeURIComponent(`https://b.example/?${name}=${encodeURIComponent(secret)}`)}`,
  })),
  fc.tuple(chosen, fc.constantFrom(...PHRASE_NAMES)).map(([secret, name]) => ({ secret, value: { [name]: secret } })),
  fc.tuple(opaque, fc.constantFrom(...TOKEN_NAMES)).map(([secret, name]) => ({ secret, value: { [name]: secret } })),
  fc
    .tuple(fc.oneof(chosen, opaque), fc.constantFrom(...PHRASE_NAMES), fc.integer({ min: 1, max: 3 }), filler)
    .map(([secret, name, levels, other]) => {
      let value: unknown = { other, [name]: secret, after: 1 };
      for (let level = 0; level < levels; level += 1) value = JSON.stringify(level === 0 ? value : { body: value });
      return { secret, value };
    }),
  fc.tuple(chosen, fc.constantFrom(...PHRASE_NAMES)).map(([secret, name]) => ({
    secret,
    value: new Error(`could not sign in with ${name}: ${secret}`),
  })),
  fc.tuple(chosen, fc.constantFrom(...PHRASE_NAMES)).map(([secret, name]) => ({ secret, value: { [`${name}s`]: [secret] } })),
  fc.tuple(chosen, fc.constantFrom(...PHRASE_NAMES)).map(([secret, name]) => ({
    secret,
    value: `body was ${JSON.stringify({ [`${name}s`]: [secret], x: 1 })}`,
  })),
);

/** The value somewhere inside other values. */
const nested = fc
  .tuple(embedded, fc.array(fc.constantFrom("array", "object", "error", "cause", "map", "stack"), { maxLength: 4 }))
  .map(([{ secret, value }, wraps]) => {
    let wrapped: unknown = value;
    for (const wrap of wraps) {
      if (wrap === "array") wrapped = [1, wrapped];
      else if (wrap === "object") wrapped = { n: 1, inner: wrapped };
      else if (wrap === "map") wrapped = new Map([["inner", wrapped]]);
      else if (wrap === "cause") wrapped = new Error("outer", { cause: wrapped });
      else if (wrap === "error") wrapped = Object.assign(new Error("outer"), { data: wrapped });
      else {
        const error = new Error("with a stack");
        if (typeof wrapped === "string") error.stack = `Error: ${wrapped}\n    at f (${HOME}/x.ts:1:1)`;
        wrapped = typeof wrapped === "string" ? error : { wrapped };
      }
    }
    return { secret, value: wrapped };
  });

const redactor = new Redactor({ homeDirectory: HOME });

/** Every text in a value, so that JSON's own escapes hide nothing. */
function textsOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([key, item]) => `${key}\n${textsOf(item)}`)
    .join("\n");
}

function expectGone(secret: string, text: string): void {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const doubly = JSON.stringify(escaped).slice(1, -1);
  for (const form of [secret, encodeURIComponent(secret), escaped, doubly]) expect(text).not.toContain(form);
  // Neither its beginning nor its end.
  if (secret.startsWith("Xq7")) expect(text).not.toMatch(/Xq7|zK9/);
  // A piece that a pattern stopped short of would give most of it away.
  const plain = secret.replaceAll(/\s/g, "");
  if (/^[\w+/=-]{24,}$/.test(plain)) expect(text.replaceAll(/\s/g, "")).not.toContain(plain.slice(-12));
}

describe("redaction", () => {
  it(
    `never lets a secret through, however it is wrapped`,
    () => {
      fc.assert(
        fc.property(nested, ({ secret, value }) => {
          expectGone(secret, textsOf(redactor.value(value)));
          if (typeof value === "string") expectGone(secret, redactor.text(value));
        }),
        { seed, numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it(
    `is done after once: redacting again changes nothing that matters`,
    () => {
      fc.assert(
        fc.property(nested, ({ secret, value }) => {
          expectGone(secret, textsOf(redactor.value(redactor.value(value))));
        }),
        { seed, numRuns: RUNS / 4 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    `takes out registered secrets in every form`,
    () => {
      fc.assert(
        fc.property(fc.string({ unit: "grapheme-ascii", minLength: 6, maxLength: 60 }), filler, (value, around) => {
          fc.pre(!"[redacted]".includes(value) && !around.includes(value));
          const secrets = new SecretsToRedact();
          secrets.add(value);
          const strict = new Redactor({ homeDirectory: null, secrets });
          for (const form of [value, encodeURIComponent(value), JSON.stringify(value)]) {
            expect(strict.text(`${around} ${form} ${around}`)).not.toContain(value);
          }
        }),
        { seed, numRuns: RUNS / 4 },
      );
    },
    TIMEOUT_MS,
  );

  it("takes the home directory out in every notation", () => {
    const windows = new Redactor({ homeDirectory: String.raw`C:\Users\Ada L` });
    const text = windows.text(
      String.raw`C:\Users\Ada L\x "C:\\Users\\Ada L\\x" file:///C:/Users/Ada%20L/x c:\users\ada l\x ${encodeURIComponent(String.raw`C:\Users\Ada L`)}`,
    );
    expect(text).not.toMatch(/ada/i);
    expect(redactor.text(`at f (file://${HOME}/steward/main.js:1:2)`)).toBe("at f (file://~/steward/main.js:1:2)");
  });

  it("leaves what a reader of the log needs", () => {
    for (const text of [
      "sync failed: ECONNREFUSED 127.0.0.1:8008, code: ECONNREFUSED",
      `server said {"errcode":"M_UNKNOWN_TOKEN","error":"Unknown access token","soft_logout":true}`,
      "GET https://hs.example/_matrix/client/v3/sync?since=s12_3&timeout=30000 200",
      "room @alice:example.org format_version mark_read statusCode: 404",
    ]) {
      expect(redactor.text(text)).toBe(text);
    }
    expect(redactor.value({ tokenType: "Bearer", hasPhrase: true, keyCount: 12, code: "ENOENT", mac: null })).toEqual({
      tokenType: "Bearer",
      hasPhrase: true,
      keyCount: 12,
      code: "ENOENT",
      mac: null,
    });
  });

  it("survives whatever it is given", () => {
    const loop: Record<string, unknown> = { a: 1 };
    loop["self"] = loop;
    const hostile = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const value = redactor.value({ loop, hostile, big: 10n, bytes: new Uint8Array(32), f: () => 1, none: undefined });
    expect(JSON.stringify(value)).toContain("[circular]");
    expect(JSON.stringify(value)).toContain("[32 bytes]");
    expect(JSON.stringify(value)).toContain("[unreadable]");
  });

  it("cuts long texts without leaving half a secret, and in bounded time", () => {
    const key = `Es${"Tc1X".repeat(12)}`.slice(0, 48);
    const text = "x".repeat(32 * 1024 - 30) + key + "y".repeat(5_000_000);
    const started = performance.now();
    expect(redactor.text(text)).not.toContain(key.slice(0, 20));
    for (const hard of ["E ".repeat(20_000), "a".repeat(40_000), '\\"'.repeat(20_000), "password:".repeat(5_000)]) {
      redactor.text(hard);
    }
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
