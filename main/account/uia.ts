import * as z from "zod";
import type { Stage } from "../../shared/contract/challenges.ts";
import type { Demand } from "../http/uiaDemand.ts";

/** Stages that answer themselves, stages with a screen of their own, and stages that need more than a browser. */
const DUMMY = "m.login.dummy";
const PASSWORD = "m.login.password";
/** Their page has its own address, given with the demand. */
const WITH_ADDRESS = new Set(["m.oauth", "org.matrix.cross_signing_reset"]);
/** These begin with a request that only the client can make. */
const NEED_MORE = new Set(["m.login.email.identity", "m.login.msisdn"]);
const COST: Readonly<Record<string, number>> = { [DUMMY]: 0, [PASSWORD]: 1, "m.login.sso": 2, "m.oauth": 2 };
const COST_OF_OTHERS = 10;
const COST_OF_UNSUPPORTED = 1000;

/** What to do next: answer by itself, or ask the person. */
export type NextStage = { kind: "automatic"; type: string } | Stage;

/**
 * The next stage of the flow that asks least of the person, among those that what is completed can lead to
 * (Client-Server API, "User-Interactive Authentication").
 */
export function nextStage(demand: Demand, baseUrl: string): NextStage {
  const { completed } = demand;
  const remaining = demand.flows
    .filter(({ stages }) => completed.every((stage) => stages.includes(stage)))
    .map(({ stages }) => stages.filter((stage) => !completed.includes(stage)))
    .sort((one, other) => costOf(one) - costOf(other))[0];
  const type = remaining?.[0];
  if (type === undefined) return { kind: "unsupported", type: demand.flows[0]?.stages[0] ?? "" };
  if (type === DUMMY) return { kind: "automatic", type };
  if (type === PASSWORD) return { kind: "password" };
  const url = browserUrl(type, demand, baseUrl);
  return url === null ? { kind: "unsupported", type } : { kind: "browser", type, url };
}

function costOf(stages: string[]): number {
  return stages.reduce(
    (sum, stage) => sum + (NEED_MORE.has(stage) ? COST_OF_UNSUPPORTED : (COST[stage] ?? COST_OF_OTHERS)),
    0,
  );
}

function browserUrl(type: string, { session, params }: Demand, baseUrl: string): string | null {
  if (NEED_MORE.has(type)) return null;
  if (WITH_ADDRESS.has(type)) {
    const parsed = z.object({ url: z.url({ protocol: /^https?$/ }).max(2048) }).safeParse(params[type]);
    return parsed.success ? parsed.data.url : null;
  }
  if (session === undefined) return null;
  const page = `${baseUrl.replace(/\/+$/, "")}/_matrix/client/v3/auth/${encodeURIComponent(type)}/fallback/web`;
  return `${page}?session=${encodeURIComponent(session)}`;
}
