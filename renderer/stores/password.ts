import type { PasswordState } from "../../shared/contract/password.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Whether and how the password of each account can be changed, as the server last told. */
export const passwordStates = createLoaded<PasswordState>((accountId) => steward.password.state({ accountId }));
