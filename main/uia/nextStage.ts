import type { ChallengeAnswer } from "../../shared/contract/challenges.ts";
import type { Demand } from "../http/uiaDemand.ts";
import type { AuthDict, NextStage, StageContext, StageDefinition } from "./stage.ts";
import { browser } from "./stages/browser.ts";
import { dummy } from "./stages/dummy.ts";
import { password } from "./stages/password.ts";
import { singleSignOn } from "./stages/singleSignOn.ts";

/** All stages that can be done. The last does whatever no other one does. */
const definitions = [dummy, password, singleSignOn, browser] as unknown as readonly StageDefinition[];

const COST_OF_UNSUPPORTED = 1000;

/** Approval on a page of one's own server asks no more than single sign-on does. */
const CHEAPER: Readonly<Record<string, number>> = { "m.oauth": 2 };

function definitionOf(type: string): StageDefinition {
  return definitions.find(({ types }) => types === null || types.includes(type)) as StageDefinition;
}

/**
 * The next stage of the flow that asks least of the person, among those that what is completed can lead to. What is
 * completed is a set: servers name it in any order.
 */
export function nextStage(demand: Demand, baseUrl: string): NextStage {
  const { completed } = demand;
  if (demand.flows.length === 0) return { kind: "none_offered" };
  const context = { demand, baseUrl };
  const show = (type: string): NextStage | null => definitionOf(type).show(type, context);
  const costOf = (type: string): number => (show(type) === null ? COST_OF_UNSUPPORTED : (CHEAPER[type] ?? definitionOf(type).cost));
  const sum = (types: string[]): number => types.reduce((total, type) => total + costOf(type), 0);
  const remaining = demand.flows
    .filter(({ stages }) => completed.every((stage) => stages.includes(stage)))
    .map(({ stages }) => stages.filter((stage) => !completed.includes(stage)))
    .sort((one, other) => sum(one) - sum(other))[0];
  const type = remaining?.[0];
  if (type === undefined) return { kind: "unsupported", type: demand.flows[0]?.stages[0] ?? "" };
  return show(type) ?? { kind: "unsupported", type };
}

/** Whether the server must be asked from time to time whether a stage is done. */
export function isPolled({ kind }: NextStage): boolean {
  return definitions.some((definition) => definition.kind === kind && definition.polled);
}

/** What is sent as `auth` for an answer to a stage of the same kind, without the session. */
export function authFor(answer: ChallengeAnswer, context: StageContext): AuthDict {
  const definition = definitions.find(({ kind }) => kind === answer.kind);
  return definition?.auth(answer, context) ?? {};
}
