import { describe, expect, it } from "vitest";
import { connectionError } from "../../../main/http/connectionErrors.ts";
import { serverError, toServerFailure } from "../../../main/http/serverErrors.ts";
import { AppError, AppFailure } from "../../../shared/errors.ts";

const meaning = (status: number, body: object = {}, headers?: Record<string, string>): AppError =>
  serverError(status, body, "hs", headers ? new Headers(headers) : null);

describe("what a server's error answer means", () => {
  it.each([
    [401, { errcode: "M_UNKNOWN_TOKEN", soft_logout: true }, { kind: "unauthenticated", softLogout: true }],
    [401, { errcode: "M_UNKNOWN_TOKEN", soft_logout: "yes" }, { kind: "unauthenticated", softLogout: false }],
    [401, { errcode: "M_USER_LOCKED", soft_logout: true }, { kind: "user_locked" }],
    [403, { errcode: "M_USER_DEACTIVATED" }, { kind: "user_deactivated" }],
    [403, { errcode: "M_USER_SUSPENDED", error: "..." }, { kind: "user_suspended" }],
    [403, { errcode: "ORG.MATRIX.MSC3823.USER_ACCOUNT_SUSPENDED" }, { kind: "user_suspended" }],
    [
      403,
      { errcode: "M_CONSENT_NOT_GIVEN", consent_uri: "https://hs/consent?u=a" },
      { kind: "consent_required", host: "hs", url: "https://hs/consent?u=a" },
    ],
    [403, { errcode: "M_CONSENT_NOT_GIVEN", consent_uri: "javascript:alert(1)" }, { kind: "consent_required", host: "hs", url: null }],
    [403, { errcode: "M_CONSENT_NOT_GIVEN", consent_uri: "/consent" }, { kind: "consent_required", host: "hs", url: null }],
    [403, { errcode: "M_CONSENT_NOT_GIVEN" }, { kind: "consent_required", host: "hs", url: null }],
    [
      403,
      { errcode: "M_RESOURCE_LIMIT_EXCEEDED", admin_contact: "mailto:a@hs" },
      { kind: "resource_limit", host: "hs", contact: "mailto:a@hs" },
    ],
    [403, { errcode: "M_RESOURCE_LIMIT_EXCEEDED", admin_contact: "file:///etc" }, { kind: "resource_limit", host: "hs", contact: null }],
    [403, { errcode: "M_RESOURCE_LIMIT_EXCEEDED", admin_contact: 7 }, { kind: "resource_limit", host: "hs", contact: null }],
    [500, { errcode: "M_UNKNOWN", error: "Internal" }, { kind: "server", status: 500, errcode: "M_UNKNOWN", message: "Internal" }],
    [500, { errcode: 7, error: {} }, { kind: "gateway_error", host: "hs", status: 500 }],
    [502, {}, { kind: "gateway_error", host: "hs", status: 502 }],
    [403, {}, { kind: "gateway_error", host: "hs", status: 403 }],
    [407, {}, { kind: "gateway_error", host: "hs", status: 407 }],
    [413, {}, { kind: "too_large", limitBytes: null }],
    [413, { errcode: "M_TOO_LARGE" }, { kind: "too_large", limitBytes: null }],
    [404, {}, { kind: "server", status: 404, errcode: "", message: "" }],
    [418, { errcode: "M_TEAPOT" }, { kind: "server", status: 418, errcode: "M_TEAPOT", message: "" }],
  ])("%i %j", (status, body, expected) => {
    expect(meaning(status, body)).toEqual(expected);
  });

  it("bounds what a server writes, and takes what would turn its direction out of it", () => {
    const long = meaning(500, { errcode: "M_".padEnd(1000, "X"), error: "x".repeat(1e6) });
    expect(AppError.parse(long)).toEqual(long);
    expect(meaning(403, { errcode: "M_FORBIDDEN", error: " Not\u202e for\u0000\nyou\u2069\ufeff " })).toEqual({
      kind: "forbidden",
      message: "Not for you",
    });
    const emoji = meaning(403, { errcode: "M_FORBIDDEN", error: "😀".repeat(1000) });
    expect(AppError.parse(emoji)).toEqual(emoji);
    expect(meaning(403, { errcode: "M_FORBIDDEN", error: "\u202e".repeat(1e6) })).toEqual({ kind: "forbidden", message: "" });
  });
});

describe("what a failed connection means", () => {
  const caused = (code: string): Error => Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(), { code }) });
  it.each([
    [caused("ECONNREFUSED"), { kind: "network", reason: "refused" }],
    [caused("ECONNRESET"), { kind: "network", reason: "cut" }],
    [caused("UND_ERR_SOCKET"), { kind: "network", reason: "cut" }],
    [caused("UND_ERR_CONNECT_TIMEOUT"), { kind: "network", reason: "timeout" }],
    [caused("EAI_AGAIN"), { kind: "network", reason: "offline" }],
    [caused("ENOTFOUND"), { kind: "homeserver_not_found" }],
    [caused("CERT_HAS_EXPIRED"), { kind: "bad_certificate", reason: "CERT_HAS_EXPIRED" }],
    [new Error("net::ERR_CERT_AUTHORITY_INVALID"), { kind: "bad_certificate", reason: "ERR_CERT_AUTHORITY_INVALID" }],
    [new DOMException("late", "TimeoutError"), { kind: "network", reason: "timeout" }],
    [
      Object.assign(new TypeError("fetch failed"), {
        cause: new AggregateError([Object.assign(new Error(), { code: "ECONNREFUSED" })]),
      }),
      { kind: "network", reason: "refused" },
    ],
  ])("%s", (thrown, expected) => {
    expect(connectionError(thrown, "hs")).toEqual({ host: "hs", ...expected });
  });

  it("leaves a defect of ours as it is", () => {
    const defect = new RangeError("ours");
    expect(toServerFailure(defect, "hs")).toBe(defect);
    expect(toServerFailure(new SyntaxError("Unexpected end of JSON input"), "hs")).toBeInstanceOf(AppFailure);
  });
});
