import { describe, expect, it } from "vitest";
import { Demand } from "../../../main/http/uiaDemand.ts";
import { isPassing, mailFailure, mayBeDone, registrationFailure } from "../../../main/onboarding/registrationErrors.ts";
import { nextRegistrationStage } from "../../../main/onboarding/registrationStages.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { secretOf } from "../../support/secretValues.ts";

const EMAIL = "m.login.email.identity";
const TERMS = "m.login.terms";
const PHONE = "m.login.msisdn";
const DUMMY = "m.login.dummy";
const policies = { privacy: { version: "1", en: { name: "Privacy", url: "https://example.org/privacy" } } };

const next = (demand: object, withEmail = false, withPhone = false) =>
  nextRegistrationStage(Demand.parse({ session: "s", params: { [TERMS]: { policies } }, ...demand }), {
    baseUrl: "https://example.org",
    withEmail,
    withPhone,
  });
const flows = (...stages: string[][]) => ({ flows: stages.map((one) => ({ stages: one })) });

describe("the next stage of a registration", () => {
  it("is of a flow with the email stage only where an address was given", () => {
    const both = flows([DUMMY], [EMAIL]);
    expect(next(both)).toMatchObject({ kind: "automatic" });
    expect(next(both, true)).toMatchObject({ kind: "email" });
    expect(next(flows([DUMMY]), true)).toEqual({ kind: "email_not_taken" });
    expect(next(flows([TERMS, EMAIL]))).toEqual({ kind: "email_needed" });
  });

  it.each([
    ["the phone stage where a number was given", [[DUMMY], [PHONE]], false, true, { kind: "phone", optional: true }],
    ["nothing of it where none was", [[DUMMY], [PHONE]], false, false, { kind: "automatic" }],
    ["a number that cannot be left out", [[EMAIL, PHONE]], true, true, { kind: "email" }],
    ["a number where no flow goes without", [[PHONE], [EMAIL, PHONE]], false, false, { kind: "phone_needed" }],
    ["a number beside the address", [[EMAIL, PHONE]], true, false, { kind: "phone_needed" }],
    ["an address first where both are missing", [[EMAIL, PHONE]], false, false, { kind: "email_needed" }],
    ["an address where either would do", [[EMAIL], [PHONE]], false, false, { kind: "email_needed" }],
    ["the number where that is what was given", [[EMAIL], [PHONE]], false, true, { kind: "phone", optional: false }],
    ["one of both where a flow takes one", [[EMAIL], [PHONE]], true, true, { kind: "phone_not_taken" }],
    ["no number where no flow takes one", [[DUMMY], [EMAIL]], false, true, { kind: "phone_not_taken" }],
    ["the address given up where only a number does", [[PHONE]], true, true, { kind: "email_not_taken" }],
  ])("asks for %s", (_, stages, withEmail, withPhone, expected) => {
    expect(next(flows(...stages), withEmail, withPhone)).toMatchObject(expected);
  });

  it("goes by what is completed as a set, in whatever order the server names it", () => {
    const three = flows(["m.login.recaptcha", TERMS, EMAIL]);
    expect(next({ ...three, completed: [TERMS, "m.login.recaptcha"] }, true)).toMatchObject({ kind: "email" });
    expect(next({ ...three, completed: [EMAIL, TERMS] }, true)).toMatchObject({ kind: "browser", type: "m.login.recaptcha" });
  });

  it("is done on the server's page where nobody knows it, and not at all where it has none", () => {
    expect(next(flows(["org.example.unknown"]))).toMatchObject({
      kind: "browser",
      url: "https://example.org/_matrix/client/v3/auth/org.example.unknown/fallback/web?session=s",
    });
    expect(next({ ...flows(["org.example.unknown"]), session: undefined })).toMatchObject({ kind: "unsupported" });
  });

  it("names every policy in the languages that have a web page, also one without a version", () => {
    const de = { name: "Datenschutz", url: "https://example.org/de" };
    const params = { [TERMS]: { policies: { a: { "de-AT": de, en_US: { name: "X", url: "javascript:alert(1)" } }, ...policies } } };
    expect(next({ ...flows([TERMS]), params })).toMatchObject({
      kind: "terms",
      policies: [
        { id: "a", texts: [{ language: "de-AT", ...de }] },
        { id: "privacy", texts: [{ language: "en" }] },
      ],
    });
  });

  it.each([
    ["no policies", {}],
    ["a list", { policies: [] }],
    ["no page that can be opened", { policies: { a: { en: { name: "A", url: "javascript:alert(1)" } } } }],
    ["no text at all", { policies: { a: { version: "1" } } }],
  ])("cannot be agreed to with %s", (_, params) => {
    expect(next({ ...flows([TERMS]), params: { [TERMS]: params } })).toEqual({ kind: "unsupported", type: TERMS });
  });
});

describe("what a refusal means", () => {
  const meaning = (status: number, errcode: string, { inSession = true, phoneOnly = false } = {}) => {
    const thrown = new AppFailure({ kind: "server", status, errcode, message: "quotes secret words" });
    const failure = registrationFailure(thrown, {
      host: "example.org",
      username: "alice",
      password: secretOf("password", "x"),
      phoneOnly,
      inSession,
    });
    return (failure as AppFailure).error;
  };

  it.each([
    ["M_USER_IN_USE", "user_name_taken"],
    ["M_INVALID_USERNAME", "user_name_refused"],
    ["M_EXCLUSIVE", "user_name_refused"],
    ["M_THREEPID_IN_USE", "email_in_use"],
    ["M_THREEPID_DENIED", "email_refused"],
    ["M_UNKNOWN", "registration_expired"],
    ["M_PASSWORD_NO_DIGIT", "password_refused"],
    ["M_WEAK_PASSWORD", "password_refused"],
    ["M_MISSING_PARAM", "server"],
  ])("%s: %s", (errcode, kind) => {
    const error = meaning(400, errcode);
    expect(error.kind).toBe(kind);
    expect(JSON.stringify(error)).not.toContain("secret words");
  });

  it("is of the number where no address was given", () => {
    expect(meaning(400, "M_THREEPID_IN_USE", { phoneOnly: true })).toEqual({ kind: "phone_refused", reason: "in_use" });
    expect(meaning(403, "M_THREEPID_DENIED", { phoneOnly: true })).toEqual({ kind: "phone_refused", reason: "denied" });
  });

  it("of a session is none where there was no session, nor where the server broke", () => {
    expect(meaning(400, "M_UNKNOWN", { inSession: false }).kind).toBe("server");
    expect(meaning(500, "M_UNKNOWN").kind).toBe("server");
  });

  it("tells a mail that cannot be sent from an address that is refused", () => {
    const mail = (status: number, errcode: string) => mailFailure({ kind: "server", status, errcode, message: "x" }, "example.org").kind;
    expect([mail(500, "M_UNKNOWN"), mail(400, "M_THREEPID_IN_USE"), mail(403, "M_THREEPID_DENIED"), mail(400, "M_INVALID_PARAM")]).toEqual([
      "mail_not_sent",
      "email_in_use",
      "email_refused",
      "email_refused",
    ]);
  });

  it("knows which requests may have been carried out, and which are worth asking again", () => {
    const cut = { kind: "network", reason: "cut", host: "h" } as const;
    const refused = { kind: "network", reason: "refused", host: "h" } as const;
    const page = { kind: "gateway_error", host: "h", status: 401 } as const;
    expect([cut, refused, page].map(mayBeDone)).toEqual([true, false, false]);
    expect([cut, refused, page].map(isPassing)).toEqual([true, true, true]);
    expect(isPassing({ kind: "server", status: 400, errcode: "M_MISSING_PARAM", message: "" })).toBe(false);
  });
});
