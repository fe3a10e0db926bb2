import { describe, expect, it } from "vitest";
import type { AuthMetadata } from "../../../main/sessions/oauth/authMetadata.ts";
import { askDeviceCode, pollForTokens } from "../../../main/sessions/oauth/deviceGrant.ts";
import { fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";

const metadata = {
  issuer: "https://auth.example.org/",
  token_endpoint: "https://auth.example.org/token",
  device_authorization_endpoint: "https://auth.example.org/device",
} as AuthMetadata;

type Given = { status: number; body: unknown } | "cut";

/** Answers one thing after the other, and the last one for ever. */
function serverOf(answers: readonly Given[]) {
  const asked: string[] = [];
  const fetch = (_input: unknown, init?: RequestInit): Promise<Response> => {
    const given = answers[Math.min(asked.push(typeof init?.body === "string" ? init.body : "") - 1, answers.length - 1)]!;
    if (given === "cut")
      return Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNRESET" }) }));
    const text = typeof given.body === "string" ? given.body : JSON.stringify(given.body);
    return Promise.resolve(new Response(text, { status: given.status }));
  };
  return { asked, at: { fetch: fetch as typeof globalThis.fetch, metadata, clientId: "client" } };
}

const refusal = (error: string, status = 403): Given => ({ status, body: { error } });
const pending = refusal("authorization_pending");
const tokens: Given = { status: 200, body: { access_token: "one", token_type: "Bearer", refresh_token: "two", expires_in: 300 } };

function poll(answers: readonly Given[], onWait: (waited: number[], stop: AbortController) => void = () => undefined) {
  const { asked, at } = serverOf(answers);
  const waited: number[] = [];
  const stop = new AbortController();
  const told = { lost: 0, tooLate: [] as string[] };
  const result = pollForTokens(at, {
    code: { deviceCode: "device", intervalMs: 5_000 },
    signal: stop.signal,
    onLost: () => void (told.lost += 1),
    onTooLate: (answer) => Promise.resolve(void told.tooLate.push(answer.access_token.reveal())),
    wait: (milliseconds) => Promise.resolve(void (waited.push(milliseconds), onWait(waited, stop))),
  });
  return { result, asked, waited, told, stop };
}

describe("asking whether a code was typed", () => {
  it("goes on while the person has not answered, and as slowly as the server asks", async () => {
    const { result, waited, asked } = poll([pending, refusal("slow_down"), pending, refusal("slow_down", 400), tokens]);
    expect(await result).toMatchObject({ access_token: "one" });
    expect(waited).toEqual([5_000, 5_000, 10_000, 10_000, 15_000]);
    expect(asked[0]).toContain("device_code=device");
  });

  it.each<[string, Given]>([
    ["a page of a proxy", { status: 502, body: "<html>Bad gateway</html>" }],
    ["a page that calls itself a success", { status: 200, body: "<html>Sign in to the hotel</html>" }],
    ["a cut connection", "cut"],
    ["a server out of service", { status: 503, body: { errcode: "M_UNKNOWN", error: "later" } }],
    ["a refusal in the words of Matrix", { status: 403, body: { errcode: "M_FORBIDDEN", error: "no" } }],
  ])("is asked again after %s", async (_what, given) => {
    const { result, told, waited } = poll([given, tokens]);
    expect(await result).toMatchObject({ access_token: "one" });
    expect(told.lost).toBe(1);
    expect(waited).toEqual([5_000, 5_000]);
  });

  it("waits as long as a rate limit says", async () => {
    const { result, waited } = poll([{ status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 20_000 } }, tokens]);
    await result;
    expect(waited).toEqual([5_000, 20_000]);
  });

  it.each([
    ["access_denied", 403, { kind: "oauth_denied", host: "auth.example.org" }],
    ["expired_token", 403, { kind: "sign_in_expired" }],
    ["invalid_grant", 400, { kind: "oauth_refused", host: "auth.example.org", code: "invalid_grant", description: "" }],
    ["invalid_client", 401, { kind: "oauth_refused", host: "auth.example.org", code: "invalid_client", description: "" }],
  ])("ends at %s", async (code, status, error) => {
    const { result, asked } = poll([pending, refusal(code, status)]);
    expect(await errorOf(result)).toEqual(error);
    expect(asked).toHaveLength(2);
  });

  it("asks no more once nobody waits", async () => {
    const { result, asked } = poll([pending], (waited, stop) => waited.length === 2 && stop.abort(fail("cancelled")));
    expect(await errorOf(result)).toEqual({ kind: "cancelled" });
    expect(asked).toHaveLength(1);
  });

  it("gives tokens back that come when nobody waits any more", async () => {
    const { at } = serverOf([tokens]);
    const stop = new AbortController();
    const late: string[] = [];
    const fetch = async (...args: Parameters<typeof globalThis.fetch>): Promise<Response> => {
      stop.abort(fail("cancelled"));
      return at.fetch(...args);
    };
    const result = pollForTokens(
      { ...at, fetch },
      {
        code: { deviceCode: "device", intervalMs: 5_000 },
        signal: stop.signal,
        onLost: () => undefined,
        onTooLate: (answer) => Promise.resolve(void late.push(answer.access_token.reveal())),
        wait: () => Promise.resolve(),
      },
    );
    expect(await errorOf(result)).toEqual({ kind: "cancelled" });
    expect(late).toEqual(["one"]);
  });
});

describe("a code to type", () => {
  const answer = { device_code: "device", user_code: "ABCDEF", verification_uri: "https://auth.example.org/link", expires_in: 1200 };
  const ask = (body: object, more: Partial<AuthMetadata> = {}) => {
    const { at } = serverOf([{ status: 200, body }]);
    return askDeviceCode({ ...at, metadata: { ...metadata, ...more } }, "ABCDEFGHIJ");
  };

  it.each<[string, object, object]>([
    ["without an address that has it, and without an interval", {}, { pageWithCode: "https://auth.example.org/link", intervalMs: 5_000 }],
    [
      "with such an address",
      { verification_uri_complete: "https://auth.example.org/link?code=ABCDEF" },
      { pageWithCode: "https://auth.example.org/link?code=ABCDEF" },
    ],
    [
      "with an address that nobody may open",
      { verification_uri_complete: "file:///etc/passwd" },
      { pageWithCode: "https://auth.example.org/link" },
    ],
    ["with an interval", { interval: 7 }, { intervalMs: 7_000 }],
    ["to be asked for without a pause", { interval: 0 }, { intervalMs: 1_000 }],
    ["that never ends", { expires_in: 1e9 }, { lifetimeMs: 3_600_000 }],
  ])("comes %s", async (_what, more, expected) => {
    expect(await ask({ ...answer, ...more })).toMatchObject({ userCode: "ABCDEF", page: "https://auth.example.org/link", ...expected });
  });

  it.each<[string, object, Partial<AuthMetadata>, string]>([
    ["a page on this computer", { verification_uri: "http://127.0.0.1/link" }, {}, "oauth_unusable"],
    ["a page that no browser opens", { verification_uri: "javascript:alert(1)" }, {}, "bad_answer"],
    ["no such way", {}, { device_authorization_endpoint: undefined }, "oauth_unusable"],
  ])("is refused with %s", async (_what, more, changed, kind) => {
    expect(await errorOf(ask({ ...answer, ...more }, changed))).toMatchObject({ kind });
  });
});
