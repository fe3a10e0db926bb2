import { useEffect, useRef, useState } from "react";
import type { JobKind, JobRow, RowJob } from "../../../shared/contract/jobs.ts";
import { MAX_OFFBOARDED } from "../../../shared/personSearch.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { ConversationId } from "../../../shared/ids.ts";
import { settled, steward } from "../../bridge.ts";

/** What came of one account, and the Job that did it. */
export interface BatchRow {
  readonly jobId: ConversationId;
  readonly kind: JobKind;
  readonly serverName: string;
  readonly row: JobRow;
}

/** What is known of the accounts of a batch. */
export interface BatchRows {
  /** A Job that could not be asked has those that were known before. */
  readonly rows: readonly BatchRow[];
  /** Whether all Jobs have answered. */
  readonly complete: boolean;
  /** Why one of them could not be asked. */
  readonly error: AppError | null;
}

type Asked = Pick<RowJob, "jobId" | "kind">;

/**
 * Asks what came of each account of some Jobs. One that is gone meanwhile has none.
 *
 * @param before what is known, for those that cannot be asked
 */
export async function readBatch(jobs: readonly Asked[], before: readonly BatchRow[]): Promise<BatchRows> {
  let error: AppError | null = null;
  const of = jobs.map(async ({ jobId, kind }): Promise<readonly BatchRow[]> => {
    const reply = await settled(steward.jobs.rows({ jobId, which: "all", from: 0, limit: MAX_OFFBOARDED }));
    if (reply.ok) {
      return reply.value.rows.map((row) => ({ jobId, kind, serverName: row.target.slice(row.target.indexOf(":") + 1), row }));
    }
    if (reply.error.kind === "conversation_over") return [];
    error = reply.error;
    return before.filter((row) => row.jobId === jobId);
  });
  const rows = (await Promise.all(of)).flat();
  return { rows, complete: error === null, error };
}

/** What came of each account, in all Jobs of a batch; asked for again at every step of theirs, and by `again`. */
export function useBatchRows(jobs: readonly RowJob[]): BatchRows & { readonly again: () => void } {
  const [known, setKnown] = useState<BatchRows>({ rows: [], complete: false, error: null });
  const [turn, setTurn] = useState(0);
  const before = useRef<readonly BatchRow[]>([]);
  const version = jobs.map(({ jobId, kind, status, progress }) => `${jobId} ${kind} ${status} ${progress.done}`).join("\n");
  useEffect(() => {
    let wanted = true;
    const asked = version.split("\n").map((line) => {
      const [jobId, kind] = line.split(" ") as [ConversationId, JobKind];
      return { jobId, kind };
    });
    void readBatch(asked, before.current).then((told) => {
      if (!wanted) return;
      before.current = told.rows;
      setKnown(told);
    });
    return () => {
      wanted = false;
    };
  }, [version, turn]);
  return { ...known, again: () => setTurn((turns) => turns + 1) };
}
