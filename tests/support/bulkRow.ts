import { bulkKinds, type BulkKindsParts } from "../../main/admin/bulk/bulkKinds.ts";
import type { RowEnd } from "../../main/jobs/jobJournal.ts";
import type { RowsControl } from "../../main/jobs/rowJobKind.ts";
import type { JobKind } from "../../shared/contract/jobs.ts";
import { AccountId } from "../../shared/ids.ts";

/** A user to be made of whom a file says the name alone, with a password that was made here. */
export const newUser = {
  password: "nine quiet herons",
  passwordMade: true,
  displayName: null,
  admin: null,
  avatarUrl: null,
  userType: null,
  threepids: [],
  externalIds: [],
  locked: false,
  deactivated: false,
};

/** Runs one kind of bulk work on a server of the test's. What a test doesn't say of the rows is nothing. */
export function runBulk(
  parts: Pick<BulkKindsParts, "adminApi"> & Partial<BulkKindsParts>,
  kind: JobKind,
  payload: unknown,
  control: Partial<RowsControl<unknown>>,
): Promise<void> {
  const found = bulkKinds({ masApi: () => Promise.resolve(null), ownUserIds: () => new Set(), firstWaitMs: 1, ...parts });
  const never = new AbortController().signal;
  return found
    .find((one) => one.kind === kind)!
    .run(payload, {
      accountId: AccountId.parse("abcdefgh01234567"),
      signal: never,
      stopping: never,
      open: [0],
      readRow: () => ({}),
      begunAt: () => null,
      beginRow: () => Promise.resolve(),
      endRow: () => Promise.resolve(),
      waiting: () => undefined,
      ...control,
    });
}

/** Does one row; what comes of it. @param begunBefore when a run that ended before began with it */
export async function endOfRow(
  parts: Parameters<typeof runBulk>[0],
  kind: JobKind,
  payload: unknown,
  row: unknown,
  { begunBefore = null, ...control }: { begunBefore?: number | null } & Partial<RowsControl<unknown>> = {},
): Promise<RowEnd | null> {
  let begunAt = begunBefore;
  let end: RowEnd | null = null;
  await runBulk(parts, kind, payload, {
    readRow: () => row,
    begunAt: () => begunAt,
    beginRow: () => Promise.resolve(void (begunAt = 1)),
    endRow: (_row, ended) => Promise.resolve(void (end = ended)),
    ...control,
  });
  return end;
}
