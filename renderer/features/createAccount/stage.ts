import type { Registration, RegistrationAnswer, RegistrationStage } from "../../../shared/contract/registration.ts";
import { steward } from "../../bridge.ts";
import { type Action, useAction } from "../../components/useAction.ts";

/** An account that is being created, and whose server wants something done. */
export type Asking = Extract<Registration, { status: "asking" }>;

export interface StageProps<K extends RegistrationStage["kind"]> {
  readonly registration: Asking;
  readonly stage: Extract<RegistrationStage, { kind: K }>;
}

/** Gives main the answer to a stage. */
export const useAnswer = ({ registrationId }: Asking): Action<[answer: RegistrationAnswer], unknown> =>
  useAction((answer: RegistrationAnswer) => steward.registration.answer({ registrationId, answer }));

/** How the server is called. */
export const serverOf = ({ serverName, baseUrl }: Registration): string => serverName ?? new URL(baseUrl).host;
