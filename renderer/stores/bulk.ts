import type { BulkAction, BulkDraft, SelectionAction } from "../../shared/contract/bulk.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/**
 * What is prepared for each account, to be looked at before anything is done. Main tells of it, and of every change, by events, which
 * may be newer than the answer to what began it.
 */
export const bulkDrafts = createLoaded<{ readonly draft: BulkDraft | null }>((accountId) => steward.bulk.draft({ accountId }));

/** Asks for a file, and has it looked at; nothing changes when the person chose none. @throws RequestFailure */
export async function chooseBulkFile(accountId: AccountId, action: BulkAction): Promise<void> {
  await steward.bulk.chooseFile({ accountId, action });
}

/** Has users who were selected looked at. @throws RequestFailure */
export async function prepareBulk(accountId: AccountId, action: SelectionAction, userIds: Iterable<string>): Promise<void> {
  await steward.bulk.fromUsers({ accountId, action, userIds: [...userIds] });
}
