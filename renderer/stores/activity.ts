import type { Activity } from "../../shared/contract/activity.ts";
import type { SessionAnswer } from "../../shared/contract/devices.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** What happened to each account, newest first. */
export const activities = createLoaded<readonly Activity[]>(async (accountId) => (await steward.activity.list({ accountId })).activities);

/** Says whether it was the person's own doing. @throws RequestFailure */
export async function answerActivity(accountId: AccountId, activityId: string, answer: SessionAnswer): Promise<void> {
  activities.set(accountId, (await steward.activity.answer({ accountId, activityId, answer })).activities);
}
