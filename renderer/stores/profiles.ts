import type { Profile } from "../../shared/contract/profile.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** What others see of each account, as the server last told it. */
export const profiles = createLoaded<Profile>((accountId) => steward.profile.get({ accountId }));
