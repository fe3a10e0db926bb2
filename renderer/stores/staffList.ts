import { create } from "zustand";
import type { StaffGroup, StaffList, StaffOffer } from "../../shared/contract/staffList.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLatest } from "./latest.ts";
import { go } from "./routes.ts";

/** The list of staff that main holds against the servers. Main tells of every change. */
export const useStaffList = create<{ readonly list: StaffList | null }>()(() => ({ list: null }));

const latest = createLatest<StaffList | null>(
  async () => (await steward.staffList.get({})).list,
  (list) => useStaffList.setState({ list }),
);

/** Takes in the list as it is now; null when there is none any more. */
export const staffListChanged = latest.told;

/** Asks main for it. */
export const loadStaffList = latest.load;

/** Asks for a file; nothing changes when the person chose none. @throws RequestFailure */
export async function chooseStaffFile(accountIds: readonly AccountId[]): Promise<void> {
  await steward.staffList.chooseFile({ accountIds: [...accountIds] });
}

/** Has a Job about those who are chosen looked at, and goes there. @throws RequestFailure */
export async function prepareStaffJob(
  list: StaffList,
  accountId: AccountId,
  { group, action }: { readonly group: StaffGroup; readonly action: StaffOffer["action"] },
): Promise<void> {
  await steward.staffList.prepare({ listId: list.listId, accountId, group, action });
  go({ name: "account", accountId, page: "bulk" });
}

/** Which servers a list is likely for: those that it names, or the only one there is. */
export function likelyServers({ servers }: Pick<StaffList, "servers">): AccountId[] {
  const named = servers.filter(({ listed }) => listed > 0);
  return (named.length > 0 || servers.length > 1 ? named : servers).map(({ accountId }) => accountId);
}
