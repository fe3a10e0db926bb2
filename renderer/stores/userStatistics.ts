import type { UserStatistics } from "../../shared/contract/userStatistics.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** The users of each account's server in numbers, as they were collected last. Main tells of every change. */
export const userStatistics = createLoaded<{ readonly statistics: UserStatistics | null }>((accountId) =>
  steward.userStatistics.get({ accountId }),
);
