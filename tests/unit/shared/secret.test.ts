import { format, inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Redactor, SecretsToRedact } from "../../../main/logging/redact.ts";
import { forThread, inThread } from "../../../main/roomKeys/crossing.ts";
import { secretBytes } from "../../../main/secrets/secretBytes.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { type AccessToken, type RefreshToken, revealedJson, Secret, SecretBytes, type StorageKey } from "../../../shared/secret.ts";
import { secretText, shownSecret } from "../../../shared/secretSchemas.ts";
import { seed } from "../../support/seed.ts";

const VALUE = "syt_YWRh_hidden";
const secret = new Secret("access token", VALUE);

const redactor = new Redactor({ homeDirectory: null });

/** Every way in which a value gets into a text, a log or another process. */
const PRINTED: Record<string, (value: unknown) => string> = {
  "String()": (value) => String(value),
  "a template": (value) => `${value as string}`,
  "a concatenation": (value) => "token: " + (value as string),
  "a number": (value) => String(Number(value)),
  JSON: (value) => JSON.stringify(value),
  "JSON of what has it": (value) => JSON.stringify({ deep: [{ value }], in: { value } }),
  "util.inspect": (value) => inspect(value, { showHidden: true, getters: true, depth: 10, customInspect: true }),
  "util.inspect of what has it": (value) => inspect({ deep: [new Map([[value, new Set([value])]])] }, { depth: 10 }),
  "util.inspect without its own form": (value) => inspect(value, { customInspect: false, showHidden: true }),
  "util.format": (value) => format("%s %o %O %j %d", value, value, value, value, value),
  "a list as text": (value) => [value, [value]].join(),
  "an error's text": (value) => String(new Error(value as string)),
  "an error's fields": (value) => inspect(Object.assign(new Error("failed", { cause: value }), { value })),
  "a failure": (value) =>
    inspect(new AppFailure({ kind: "server", errcode: value as string, message: value as string, host: "x" } as never)),
  "its own names": (value) =>
    JSON.stringify([Object.entries(value as object), Object.getOwnPropertyNames(value), { ...(value as object) }]),
  "a structured clone": (value) => inspect(structuredClone({ value }), { showHidden: true }),
  "a form": (value) => new URLSearchParams({ token: value as string }).toString(),
  "a structured log": (value) => JSON.stringify(redactor.value({ value, deep: [{ value }] })),
};

describe("a secret", () => {
  it.each(Object.keys(PRINTED))("is not seen in %s", (way) => {
    const { endsWith } = String.prototype;
    const shown = PRINTED[way]!(secret);
    expect(shown).not.toContain("hidden");
    expect(endsWith.call(shown, "NaN") || /secret|access%20token|access token/.test(shown)).toBe(true);
  });

  it("is not seen whatever it is, and comes out again as it went in", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12, unit: "grapheme" }), (value) => {
        const one = new Secret("password", value);
        const plain = "nothing here of that value, but [secret] and its kind, a password";
        fc.pre(!plain.includes(value));
        expect([String(one), inspect(one), JSON.stringify(one)]).toEqual(["[secret]", "[secret]", '"[secret]"']);
        expect(one.reveal()).toBe(value);
        expect((JSON.parse(revealedJson({ deep: [one] })) as { deep: string[] }).deep).toStrictEqual([value]);
        expect(JSON.stringify([...Object.values(one)])).not.toContain(value);
      }),
      { seed },
    );
  });

  it("is the same as one of the same kind and value alone", () => {
    expect(secret.equals(new Secret("access token", VALUE))).toBe(true);
    expect(secret.equals(new Secret("access token", "syt_other"))).toBe(false);
    expect(secret.equals(new Secret("refresh token", VALUE))).toBe(false);
    expect(secret.equals(null)).toBe(false);
  });

  it("is made by the schema of what it came in, and sealed by the same as the text that it was", () => {
    const Kept = z.object({ token: secretText("access token", z.string().min(1)), next: secretText("refresh token").nullable() });
    const held = Kept.parse({ token: VALUE, next: null });
    expect(held.token).toBeInstanceOf(Secret);
    expect(JSON.stringify(held)).toBe('{"token":"[secret]","next":null}');
    expect(JSON.stringify(z.encode(Kept, held))).toBe(`{"token":"${VALUE}","next":null}`);
    expect(Kept.safeParse({ token: "", next: null }).success).toBe(false);
    // What was made a text by mistake is no secret any more: it is not sealed in its place.
    expect(() => z.encode(Kept, { ...held, token: "[secret]" as unknown as AccessToken })).toThrow("Invalid");
    expect(JSON.stringify(Kept.safeParse({ token: 5, next: VALUE.length }).error)).not.toContain(VALUE);
  });

  it("is a text again where the window shows it, and nowhere before", () => {
    const Shown = z.object({ password: shownSecret("password") });
    const answer: z.input<typeof Shown> = { password: new Secret("password", VALUE) };
    expect(JSON.stringify(answer)).toBe('{"password":"[secret]"}');
    const shown: { password: string } = Shown.parse(answer);
    expect(shown).toStrictEqual({ password: VALUE });
    expect(Shown.safeParse({ password: VALUE }).success).toBe(false);
    expect(Shown.safeParse({ password: secret }).success).toBe(false);
  });

  it("keeps what is written around it secret as well", () => {
    const text = new Secret("password", "hidden").between("@ann:one.test\n", "\n");
    expect([String(text), text.kind, text.reveal()]).toEqual(["[secret]", "password", "@ann:one.test\nhidden\n"]);
  });

  it("is not thrown with a failure that names what it was given", () => {
    expect(inspect(fail("invalid_input", { issues: [String(secret)] }))).not.toContain("hidden");
  });

  it("is its own type: neither a text nor another kind", () => {
    const takesText = (text: string): number => text.length;
    const takesToken = (token: AccessToken): number => token.length;
    // @ts-expect-error A secret is no text.
    expect(takesText(secret)).toBe(VALUE.length);
    // @ts-expect-error A text is no secret.
    expect(takesToken(VALUE)).toBe(VALUE.length);
    const other: RefreshToken = new Secret("refresh token", "r");
    // @ts-expect-error One kind is not the other.
    expect(takesToken(other)).toBe(1);
    // @ts-expect-error The value has no name that can be read.
    expect(secret.value).toBeUndefined();
    // @ts-expect-error Nothing is the same as a text.
    expect(secret === VALUE).toBe(false);
  });
});

describe("bytes that are a secret", () => {
  const BYTES = Buffer.from("hidden: the 32 bytes of a secret");
  const key = new SecretBytes("storage key", BYTES);
  /** Every way to write them that could be met. */
  const WRITTEN = ["hidden", ...(["base64", "base64url", "hex", "latin1"] as const).map((way) => BYTES.toString(way)), [...BYTES].join()];

  it.each(Object.keys(PRINTED))("are not seen in %s", (way) => {
    const shown = PRINTED[way]!(key);
    for (const written of WRITTEN) expect(shown).not.toContain(written);
    expect(shown.replace(/\s/g, "")).not.toContain([...BYTES].join());
    expect(shown).toMatch(/secret|storage(?: |%20|\+)key|NaN/);
  });

  it("are the same as those of the same kind and value alone", () => {
    expect(key.equals(new SecretBytes("storage key", Buffer.from(BYTES)))).toBe(true);
    for (const at of [0, 31]) {
      const other = Uint8Array.from(BYTES, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(key.equals(new SecretBytes("storage key", other))).toBe(false);
    }
    expect(key.equals(new SecretBytes("storage key", BYTES.subarray(1)))).toBe(false);
    expect(key.equals(new SecretBytes("Security Key", BYTES))).toBe(false);
    expect(key.equals(null)).toBe(false);
    expect(key.length).toBe(32);
  });

  it("are made by the schema of the base64 that they came in, and sealed as that", () => {
    const Kept = z.object({ key: secretBytes("storage key") });
    const held = Kept.parse({ key: BYTES.toString("base64") });
    expect(held.key.equals(key)).toBe(true);
    expect(JSON.stringify(held)).toBe('{"key":"[secret]"}');
    expect(z.encode(Kept, held)).toStrictEqual({ key: BYTES.toString("base64") });
    expect(Kept.safeParse({ key: "no base64!" }).success).toBe(false);
    expect(() => z.encode(Kept, { key: "[secret]" as unknown as StorageKey })).toThrow("Invalid");
  });

  it("cross to a thread, as texts do, in fields at any depth, and are secrets again there", () => {
    const task = { kind: "list", session: { key, records: [{ a: 1 }] }, token: secret, none: null };
    const crossed = inThread<typeof task>(structuredClone(forThread(task)));
    expect(Buffer.from(crossed.session.key.reveal())).toEqual(BYTES);
    expect(crossed.token.reveal()).toBe(VALUE);
    expect(inspect(crossed, { depth: 10 })).not.toContain("hidden");
    expect({ ...crossed, session: { ...crossed.session, key }, token: secret }).toEqual(task);
  });

  it("are taken out of a log where they came in as base64", () => {
    const secrets = new SecretsToRedact();
    secrets.add(key);
    const shown = new Redactor({ homeDirectory: null, secrets }).text(`opened with ${BYTES.toString("base64")}, well`);
    expect(shown).not.toContain(BYTES.toString("base64").slice(0, 40));
  });

  it("are their own type: neither bytes nor another kind nor a text", () => {
    const takesBytes = (bytes: Uint8Array): number => bytes.length;
    const takesKey = (storageKey: StorageKey): number => storageKey.length;
    // @ts-expect-error A secret is no bytes.
    expect(takesBytes(key)).toBe(32);
    // @ts-expect-error Bytes are no secret.
    expect(takesKey(BYTES)).toBe(32);
    // @ts-expect-error One kind is not the other.
    expect(takesKey(new SecretBytes("Security Key", BYTES))).toBe(32);
    // @ts-expect-error A text is no bytes.
    expect(takesKey(secret)).toBe(VALUE.length);
  });
});
