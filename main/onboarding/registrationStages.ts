import type { RegistrationAnswer, RegistrationStage } from "../../shared/contract/registration.ts";
import type { AppError } from "../../shared/errors.ts";
import type { Demand } from "../http/uiaDemand.ts";
import { policiesIn } from "../uia/policies.ts";
import type { AuthDict } from "../uia/stage.ts";
import { fallbackPage } from "../uia/stages/fallbackPage.ts";

const EMAIL = "m.login.email.identity";
const TERMS = "m.login.terms";
const DUMMY = "m.login.dummy";
const TOKENS = ["m.login.registration_token", "org.matrix.msc3231.login.registration_token"];
const PHONE = "m.login.msisdn";

type Kind = RegistrationStage["kind"];

/** How much each kind of stage asks of the person: of several flows the one with the lowest sum is taken. */
const COST: Readonly<Record<Kind | "automatic", number>> = {
  automatic: 0,
  terms: 1,
  token: 2,
  email: 3,
  phone: 4,
  browser: 10,
  unsupported: 1000,
};

/** What the person has to give, or to leave out, before any flow can be taken. */
export type Missing = "email_needed" | "email_not_taken" | "phone_needed" | "phone_not_taken";

/** What comes next: something that needs nobody, a question, or something that no flow can be taken without, or with. */
export type NextRegistrationStage =
  | { kind: "automatic"; type: string }
  | { kind: "email"; type: string }
  | { kind: "phone"; type: string; optional: boolean }
  | { kind: Missing }
  | (Exclude<RegistrationStage, { kind: "email" | "phone" }> & { type: string });

/** One of them that a person is asked about. */
export type AskedStage = Exclude<NextRegistrationStage, { kind: "automatic" | Missing }>;

interface Circumstances {
  baseUrl: string;
  /** Whether the person has given an email address, which the server is to prove. */
  withEmail: boolean;
  /** The same for a phone number. */
  withPhone: boolean;
}

/**
 * The next stage of the flow that asks least of the person, among those that what is completed can lead to. What is
 * completed is a set: servers name it in any order.
 */
export function nextRegistrationStage(demand: Demand, { baseUrl, withEmail, withPhone }: Circumstances): NextRegistrationStage {
  const { completed } = demand;
  const show = (type: string) => (type === PHONE ? phoneStage : shown(type, demand, baseUrl));
  const sum = (types: string[]): number => types.reduce((total, type) => total + COST[show(type).kind], 0);
  const possible = demand.flows.map(({ stages }) => stages).filter((stages) => completed.every((stage) => stages.includes(stage)));
  const emailFits = (stages: string[]): boolean => stages.includes(EMAIL) === withEmail;
  const phoneFits = (stages: string[]): boolean => stages.includes(PHONE) === withPhone;
  const optional = possible.some((stages) => emailFits(stages) && !stages.includes(PHONE));
  const phoneStage = { kind: "phone", type: PHONE, optional } as const;
  const wanted = possible.filter((stages) => emailFits(stages) && phoneFits(stages));
  if (wanted.length === 0 && possible.length > 0) {
    const takesEmailAlone = possible.some((stages) => stages.includes(EMAIL) && phoneFits(stages));
    // Where either would do, an address is the smaller demand.
    if (!possible.some(emailFits) || (!withEmail && takesEmailAlone)) return { kind: withEmail ? "email_not_taken" : "email_needed" };
    return { kind: withPhone ? "phone_not_taken" : "phone_needed" };
  }
  const remaining = wanted
    .map((stages) => stages.filter((stage) => !completed.includes(stage)))
    .sort((one, other) => sum(one) - sum(other))[0];
  const type = remaining?.[0];
  return type === undefined ? { kind: "unsupported", type: demand.flows[0]?.stages[0] ?? "" } : show(type);
}

function shown(type: string, demand: Demand, baseUrl: string): Exclude<NextRegistrationStage, { kind: Missing }> {
  if (type === DUMMY) return { kind: "automatic", type };
  if (type === EMAIL) return { kind: "email", type };
  if (TOKENS.includes(type)) return { kind: "token", type };
  if (type === TERMS) {
    const policies = policiesIn(demand.params[TERMS]);
    return policies === null ? { kind: "unsupported", type } : { kind: "terms", type, policies };
  }
  const url = fallbackPage(type, { demand, baseUrl });
  return url === null ? { kind: "unsupported", type } : { kind: "browser", type, url };
}

/** What is sent as `auth` to prove an email address, or a number, once its link or code was used. The session is added to it. */
export function proofAuth({ type }: AskedStage, sid: string, clientSecret: string): AuthDict {
  const credentials = { sid, client_secret: clientSecret };
  // Servers from before version 1.1 of the specification read the second.
  return { type, threepid_creds: credentials, threepidCreds: credentials };
}

/** Why a stage came again after an answer; null when it is the next one that is asked for, or when nobody answered. */
export function whyNotTaken(answered: RegistrationAnswer["kind"] | null, stage: AskedStage, last: AskedStage | null): AppError | null {
  if (answered === null || stage.kind !== answered || last?.type !== stage.type) return null;
  if (stage.kind === "token") return { kind: "registration_token_refused" };
  if (stage.kind === "email") return { kind: "email_not_verified" };
  if (stage.kind === "phone") return { kind: "phone_refused", reason: "code_expired" };
  return stage.kind === "browser" ? { kind: "stage_not_finished" } : null;
}

/** The stage as the person sees it. */
export function withoutType(stage: Exclude<AskedStage, { kind: "email" | "phone" }>): RegistrationStage {
  switch (stage.kind) {
    case "terms":
      return { kind: "terms", policies: stage.policies };
    case "token":
      return { kind: "token" };
    case "browser":
    case "unsupported":
      return stage;
  }
}
