import type { RegistrationTokens } from "../../shared/contract/registrationTokens.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** The registration tokens of each account's server. */
export const registrationTokens = createLoaded<RegistrationTokens>((accountId) => steward.registrationTokens.list({ accountId }));
