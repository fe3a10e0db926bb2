import { describe, expect, it } from "vitest";
import { connectionError, serverError, toServerFailure } from "../../../main/http/serverErrors.ts";
import { AppError, AppFailure } from "../../../shared/errors.ts";

describe("what a server's error answer means", () => {
  it.each([
    [429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1500 }, null, { kind: "rate_limited", retryAfterMs: 1500 }],
    [429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1500 }, "3", { kind: "rate_limited", retryAfterMs: 3000 }],
    [429, {}, "soon", { kind: "rate_limited", retryAfterMs: 5000 }],
    [429, { retry_after_ms: -4 }, null, { kind: "rate_limited", retryAfterMs: 5000 }],
    [429, { retry_after_ms: 1e300 }, null, { kind: "rate_limited", retryAfterMs: 86_400_000 }],
    [401, { errcode: "M_UNKNOWN_TOKEN", soft_logout: true }, null, { kind: "unauthenticated", softLogout: true }],
    [401, { errcode: "M_UNKNOWN_TOKEN", soft_logout: "yes" }, null, { kind: "unauthenticated", softLogout: false }],
    [403, { errcode: "M_USER_DEACTIVATED" }, null, { kind: "user_deactivated" }],
    [500, { errcode: 7, error: {} }, null, { kind: "server", status: 500, errcode: "", message: "" }],
  ])("%i %j", (status, body, header, expected) => {
    expect(serverError(status, body, header)).toEqual(expected);
  });

  it("bounds what a server writes", () => {
    const error = serverError(500, { errcode: "M_".padEnd(1000, "X"), error: "x".repeat(1e6) });
    expect(AppError.parse(error)).toEqual(error);
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
