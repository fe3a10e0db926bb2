import type { ListedAction } from "../../shared/contract/actionLog.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** What was done from this computer to the server of each account, by whichever of its admins; the last comes first. */
export const loggedActions = createLoaded<readonly ListedAction[]>(
  async (accountId) => (await steward.actionLog.list({ accountId })).actions,
);
