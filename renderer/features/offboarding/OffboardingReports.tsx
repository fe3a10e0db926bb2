import type { RowJob } from "../../../shared/contract/jobs.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { useJobs } from "../../stores/jobs.ts";
import { useOffboarding } from "../../stores/offboarding.ts";
import { go } from "../../stores/routes.ts";
import { jobRowText, jobVerdict, outcomeVerdict } from "../bulk/bulkWords.ts";
import styles from "./Offboarding.module.css";
import { type BatchRow, useBatchRows } from "./useBatchRows.ts";

/** What came of the accounts of each person, on all servers together. */
export function OffboardingReports() {
  const jobs = useJobs((state) => state.open);
  const batches = new Map<string, RowJob[]>();
  for (const job of jobs) {
    if (!job.rowJob || !job.batch) continue;
    const { batchId } = job.batch;
    batches.set(batchId, [...(batches.get(batchId) ?? []), job]);
  }
  if (batches.size === 0) return null;
  return (
    <Section title={t("offboarding.reports")}>
      <div className={styles["reports"]}>
        {[...batches].reverse().map(([batchId, of]) => (
          <Report key={batchId} jobs={of} />
        ))}
      </div>
    </Section>
  );
}

function Report({ jobs }: { readonly jobs: readonly RowJob[] }) {
  const [first] = jobs;
  const { rows, complete, error, again } = useBatchRows(jobs);
  const draft = useOffboarding((state) => state.draft);
  const prepared = draft?.servers.map(({ serverName }) => serverName) ?? [];
  const save = useAction(async () => {
    if (first?.batch) await steward.offboarding.saveReport({ batchId: first.batch.batchId });
  });
  const dismiss = useAction(async () => {
    for (const { jobId } of jobs) await steward.jobs.dismiss({ jobId });
  });
  if (!first) return null;
  const title = t(`jobs.${first.kind}`);
  const isOver = jobs.every(({ status }) => status === "done" || status === "cancelled");
  const begun = new Set(rows.map(({ serverName }) => serverName));
  const missing = !complete ? [] : (first.batch?.servers ?? []).filter((server) => !begun.has(server) && !prepared.includes(server));
  const problem = save.error ?? dismiss.error;
  return (
    <article className={styles["report"]} aria-label={title}>
      <div className={styles["head"]}>
        <h3>{title}</h3>
        <span className={styles["quiet"]}>{momentText(first.startedAt)}</span>
      </div>
      <ul className={styles["jobs"]}>
        {jobs.map((job) => (
          <OneJob key={job.jobId} job={job} serverName={rows.find(({ jobId }) => jobId === job.jobId)?.serverName ?? ""} />
        ))}
      </ul>
      {missing.length > 0 && <Notice tone="warn">{t("offboarding.noJob", { servers: missing.join(", ") })}</Notice>}
      {error && <ErrorText error={error} actions={<Button onPress={again}>{t("common.retry")}</Button>} />}
      {rows.length > 0 && (
        <Table<BatchRow>
          label={t("offboarding.report")}
          rows={rows}
          keyOf={({ row }) => row.target}
          cards
          columns={[
            { id: "user", name: t("bulk.user") },
            { id: "what", name: t("bulk.what") },
            { id: "why", name: t("bulk.details") },
          ]}
          cells={({ row, kind }) => [
            <ServerText key="user">{row.target}</ServerText>,
            <Pill key="what" {...outcomeVerdict(row)} />,
            jobRowText(row, kind),
          ]}
        />
      )}
      {problem && <ErrorText error={problem} />}
      <Buttons>
        <Button busy={save.busy} onPress={() => void save.run()}>
          {t("offboarding.save")}
        </Button>
        {isOver && (
          <Button busy={dismiss.busy} onPress={() => void dismiss.run()}>
            {t("bulk.dismiss")}
          </Button>
        )}
      </Buttons>
    </article>
  );
}

/** How far the Job of one server is, and the way to where it can be paused, stopped and gone on with. */
function OneJob({ job, serverName: ofRows }: { readonly job: RowJob; readonly serverName: string }) {
  const { accountId, progress } = job;
  // The rows come a little later, and stay when the account goes.
  const serverName = useAccounts(({ byId }) => byId[accountId])?.homeserver.serverName ?? ofRows;
  return (
    <li className={styles["head"]}>
      <ServerText>{serverName}</ServerText>
      <Pill {...jobVerdict(job)} />
      <span className={styles["quiet"]}>{t("jobs.progress", { done: progress.done, total: progress.total ?? 0 })}</span>
      <Button
        small
        aria-label={t("offboarding.openJob", { server: serverName })}
        onPress={() => go({ name: "account", accountId, page: "bulk" })}
      >
        {t("nav.bulk")}
      </Button>
    </li>
  );
}
