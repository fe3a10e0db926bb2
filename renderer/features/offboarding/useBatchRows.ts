import { useEffect, useState } from "react";
import type { Job, JobRow } from "../../../shared/contract/jobs.ts";
import type { ConversationId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";

/** What came of one account, and the Job that did it. */
export interface BatchRow {
  readonly jobId: ConversationId;
  readonly kind: Job["kind"];
  readonly serverName: string;
  readonly row: JobRow;
}

/** As many as main tells at once, and as many as can be chosen. */
const LIMIT = 200;

/** What came of each account, in all Jobs of a batch. A Job that is gone meanwhile has none. */
export function useBatchRows(jobs: readonly Job[]): readonly BatchRow[] {
  const [rows, setRows] = useState<readonly BatchRow[]>([]);
  const version = jobs.map(({ jobId, kind, status, progress }) => `${jobId} ${kind} ${status} ${progress.done}`).join("\n");
  useEffect(() => {
    let wanted = true;
    const asked = version.split("\n").map(async (line): Promise<BatchRow[]> => {
      const [jobId, kind] = line.split(" ") as [ConversationId, Job["kind"]];
      const answer = await steward.jobs.rows({ jobId, which: "all", from: 0, limit: LIMIT }).catch(() => ({ rows: [] }));
      return answer.rows.map((row) => ({ jobId, kind, serverName: row.target.slice(row.target.indexOf(":") + 1), row }));
    });
    void Promise.all(asked).then((told) => wanted && setRows(told.flat()));
    return () => {
      wanted = false;
    };
  }, [version]);
  return rows;
}
