import type { AccountId } from "../../../shared/ids.ts";
import { Pace, paced } from "../../jobs/pace.ts";
import type { RowJobKind } from "../../jobs/rowJobKind.ts";
import type { AdminApi } from "../adminApi.ts";
import { BULK_KINDS } from "./kinds/index.ts";
import type { BulkKind } from "./bulkKind.ts";
import { PatientApi, RowFailure } from "./patientApi.ts";
import { failed } from "./rowEnds.ts";

export interface BulkKindsParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** The Matrix IDs of all accounts that are held here. */
  ownUserIds: () => ReadonlySet<string>;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

/** The Jobs that work on many users, row by row. */
export const bulkKinds = (parts: BulkKindsParts): RowJobKind[] => BULK_KINDS.map((kind) => rowJobKind(kind, parts));

function rowJobKind(kind: BulkKind, { adminApi, ownUserIds, firstWaitMs }: BulkKindsParts): RowJobKind {
  const makesPasswords = kind.setsPasswords !== "never";
  return {
    kind: kind.kind,
    makesPasswords,
    payload: kind.payload,
    row: kind.row,
    run: async (payload, control) => {
      const pace = new Pace(kind.pace);
      const api = new PatientApi({
        api: adminApi(control.accountId),
        pace,
        signal: control.signal,
        stopping: control.stopping,
        waiting: (reason) => control.waiting(reason),
        ...(firstWaitMs !== undefined && { firstWaitMs }),
      });
      await kind.prepare?.(api);
      await paced(control.open, pace, control.stopping, async (row) => {
        const at = { own: ownUserIds(), begunAt: control.begunAt(row), begin: () => control.beginRow(row) };
        const end = await kind.perform(api, control.readRow(row), payload, at).catch((thrown: unknown) => {
          if (!(thrown instanceof RowFailure)) throw thrown;
          if (control.begunAt(row) === null) return failed(thrown.error);
          // What was sent before may have been done, and its password be in use.
          return { ...failed(thrown.error), outcome: "unknown" as const, madePassword: makesPasswords };
        });
        await control.endRow(row, end);
      });
    },
  };
}
