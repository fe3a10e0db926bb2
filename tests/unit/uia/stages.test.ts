import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demandIn } from "../../../main/http/uiaDemand.ts";
import { nextStage } from "../../../main/uia/nextStage.ts";
import { sample, seed } from "../../support/seed.ts";

const BASE_URL = "https://matrix.example.org/";
const stageOf = (body: object) => nextStage(demandIn({ httpStatus: 401, data: body })!, BASE_URL);
const flows = (...stages: string[][]) => ({ session: "s/1", flows: stages.map((all) => ({ stages: all })) });

describe("the next stage of an authentication", () => {
  it("is the password where one flow takes it", () => {
    expect(stageOf(flows(["m.login.sso"], ["m.login.password"]))).toEqual({ kind: "password" });
    expect(stageOf(flows(["m.login.email.identity"], ["m.login.password"]))).toEqual({ kind: "password" });
  });

  it("answers the dummy by itself", () => {
    const demand = flows(["m.login.dummy"], ["m.login.password"]);
    expect(stageOf(demand)).toEqual({ kind: "automatic", type: "m.login.dummy" });
  });

  it("follows the flow that what is completed belongs to", () => {
    const demand = flows(["m.login.password", "m.login.terms"], ["m.login.dummy"]);
    expect(stageOf({ ...demand, completed: ["m.login.password"] })).toEqual({
      kind: "browser",
      type: "m.login.terms",
      url: "https://matrix.example.org/_matrix/client/v3/auth/m.login.terms/fallback/web?session=s%2F1",
    });
  });

  it("is a page in the browser for single sign-on and for stages that are not known", () => {
    for (const type of ["m.login.sso", "org.example.dance", "../../evil?x="]) {
      expect(stageOf(flows([type]))).toEqual({
        ...(type === "m.login.sso" ? { kind: "sso" } : { kind: "browser", type }),
        url: `https://matrix.example.org/_matrix/client/v3/auth/${encodeURIComponent(type)}/fallback/web?session=s%2F1`,
      });
    }
  });

  it("is the address that the server names, if that is one for a browser", () => {
    for (const type of ["m.oauth", "org.matrix.cross_signing_reset"]) {
      const demand = flows([type]);
      const url = "https://auth.example.org/account?action=org.matrix.cross_signing_reset";
      expect(stageOf({ ...demand, params: { [type]: { url } } })).toEqual({ kind: "browser", type, url });
      for (const bad of ["javascript:alert(1)", "file:///etc/passwd", "not a url", 5]) {
        expect(stageOf({ ...demand, params: { [type]: { url: bad } } })).toEqual({ kind: "unsupported", type });
      }
      expect(stageOf(demand)).toEqual({ kind: "unsupported", type });
    }
  });

  it("is named where it cannot be done", () => {
    expect(stageOf(flows(["m.login.email.identity"]))).toEqual({ kind: "unsupported", type: "m.login.email.identity" });
    expect(stageOf({ flows: [{ stages: ["m.login.sso"] }] })).toEqual({ kind: "unsupported", type: "m.login.sso" });
    expect(stageOf({ session: "s", flows: [{ stages: [] }] })).toEqual({ kind: "unsupported", type: "" });
  });

  it("is none where the server offers no flow", () => {
    expect(stageOf({ session: "s", flows: [] })).toEqual({ kind: "none_offered" });
  });

  it("is found or refused, and never a crash, whatever the server demands", () => {
    const known = ["m.login.password", "m.login.dummy", "m.login.sso", "m.oauth", "m.login.msisdn"];
    const type = fc.constantFrom(...known, "x", "__proto__");
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({
        session: fc.oneof(fc.string(), fc.jsonValue()),
        flows: fc.array(fc.record({ stages: fc.array(type) })),
        completed: fc.oneof(fc.array(type), fc.jsonValue()),
        params: fc.oneof(fc.dictionary(type, fc.jsonValue()), fc.jsonValue()),
      }),
    );
    fc.assert(
      fc.property(body, (data) => {
        const demand = demandIn({ httpStatus: 401, data });
        const kinds = ["automatic", "password", "sso", "browser", "none_offered", "unsupported"];
        if (demand) expect(kinds).toContain(nextStage(demand, BASE_URL).kind);
      }),
      { seed, numRuns: sample(1_000, 50_000) },
    );
    for (const other of [null, undefined, 5, new Error("x"), { httpStatus: 403, data: flows(["m.login.password"]) }]) {
      expect(demandIn(other)).toBeNull();
    }
  });
});
