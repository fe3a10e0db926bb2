import type { ChallengeAnswer, Stage } from "../../shared/contract/challenges.ts";
import type { Secret } from "../../shared/secret.ts";
import type { Demand } from "../http/uiaDemand.ts";

/** What goes along as `auth` with a request (Client-Server API, "User-Interactive Authentication"). */
export type AuthDict = Readonly<Record<string, AuthValue>>;
/** A value in it. Secrets are named, so that ESLint sees where it is written as JSON. */
type AuthValue = string | number | boolean | null | undefined | Secret | { readonly [name: string]: AuthValue };

/** What a stage may want to know. */
export interface StageContext {
  demand: Demand;
  baseUrl: string;
  /** Whose request it is: a full Matrix ID. */
  userId: string;
}

/** What to do next: answer by itself, or ask the person. */
export type NextStage = { kind: "automatic"; type: string } | Stage;

type Kind = Exclude<NextStage["kind"], "none_offered" | "unsupported">;

/** One kind of stage. Each has a file of its own in `stages/`, and the same name as what is shown and answered. */
export interface StageDefinition<K extends Kind = Kind> {
  readonly kind: K;
  /** The stages of the specification (and beyond it) that it does; null for all that no other does. */
  readonly types: readonly string[] | null;
  /** How much it asks of the person: of several flows the one with the lowest sum is taken. */
  readonly cost: number;
  /** It is finished elsewhere, in a browser say: whether it is, the server is asked every few seconds. */
  readonly polled: boolean;
  /** What to show; null where the server's demand is not enough to do it. */
  show(type: string, context: Pick<StageContext, "demand" | "baseUrl">): Extract<NextStage, { kind: K }> | null;
  /** What is sent for an answer; the session is added to it. */
  auth(answer: Extract<ChallengeAnswer, { kind: K }>, context: StageContext): AuthDict;
}
