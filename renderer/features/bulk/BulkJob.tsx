import { useState } from "react";
import type { JobRow, JobRowsShown, RowJob } from "../../../shared/contract/jobs.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { FilterButtons } from "../../components/FilterButtons.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";
import { jobRowText, jobVerdict, outcomeVerdict } from "./bulkWords.ts";
import { JobPasswords } from "./JobPasswords.tsx";
import { LongTable } from "./LongTable.tsx";

/** One Job of many rows: how far it is, what can be done with it, and what came of each row. */
export function BulkJob({ job }: { readonly job: RowJob }) {
  const { jobId, kind, progress, counts, status, leftInRooms, undoable, unsavedPasswords } = job;
  const error = job.status === "running" ? null : job.error;
  const stopping = job.status === "running" && job.stopping;
  const [shown, setShown] = useState(false);
  const isOver = status === "done" || status === "cancelled";
  const notDone = (progress.total ?? 0) - (counts["done"] ?? 0) - (counts["already"] ?? 0) - (counts["unknown"] ?? 0);
  const pause = useAction(() => steward.jobs.pause({ jobId }));
  const resume = useAction(() => steward.jobs.resume({ jobId }));
  const cancel = useAction(() => steward.jobs.cancel({ jobId }));
  const dismiss = useAction(() => steward.jobs.dismiss({ jobId }));
  const save = useAction((which: JobRowsShown) => steward.bulk.saveResult({ jobId, which }));
  const unknown = counts["unknown"] ?? 0;
  const leave = useAction(() => steward.bulk.leftInRooms({ jobId }));
  const undo = useAction(() => steward.bulk.undo({ jobId }));
  const problem = undo.error ?? leave.error ?? pause.error ?? resume.error ?? cancel.error ?? dismiss.error ?? save.error;
  return (
    <article className={styles["job"]} aria-label={t(`jobs.${kind}`)}>
      <div className={styles["head"]}>
        <h3>{t(`jobs.${kind}`)}</h3>
        <Pill {...jobVerdict(job)} />
        <span className={styles["quiet"]}>{momentText(job.startedAt)}</span>
      </div>
      {!isOver && <progress className={styles["bar"]} aria-label={t(`jobs.${kind}`)} max={progress.total ?? 1} value={progress.done} />}
      <p className={styles["quiet"]}>{countsText(job)}</p>
      {error && <ErrorText error={error} />}
      {leftInRooms > 0 && isOver && (
        <Notice
          tone="warn"
          actions={
            <Button busy={leave.busy} onPress={() => void leave.run()}>
              {t("bulk.leave")}
            </Button>
          }
        >
          {t("bulk.kept", { count: leftInRooms })}
        </Notice>
      )}
      {unsavedPasswords > 0 && isOver && <JobPasswords job={job} onSave={() => save.run("all")} isSaving={save.busy} />}
      {problem && <ErrorText error={problem} />}
      <Buttons>
        {status === "running" && !stopping && <Button onPress={() => void pause.run()}>{t("bulk.pause")}</Button>}
        {(status === "paused" || status === "interrupted") && (
          <Button look="primary" busy={resume.busy} onPress={() => void resume.run()}>
            {t("bulk.resume")}
          </Button>
        )}
        {!isOver && !stopping && <Button onPress={() => void cancel.run()}>{t("bulk.cancel")}</Button>}
        <Button aria-expanded={shown} onPress={() => setShown(!shown)}>
          {t(shown ? "bulk.hideRows" : "bulk.showRows")}
        </Button>
        {isOver && <Button onPress={() => void save.run("all")}>{t("bulk.save")}</Button>}
        {isOver && notDone > 0 && <Button onPress={() => void save.run("not_done")}>{t("bulk.saveNotDone")}</Button>}
        {isOver && unknown > 0 && <Button onPress={() => void save.run("unknown")}>{t("bulk.saveUnknown")}</Button>}
        {isOver && undoable > 0 && (
          <Button busy={undo.busy} onPress={() => void undo.run()}>
            {t("bulk.undo")}
          </Button>
        )}
        {isOver && unsavedPasswords === 0 && <Button onPress={() => void dismiss.run()}>{t("bulk.dismiss")}</Button>}
      </Buttons>
      {shown && <JobRows job={job} />}
    </article>
  );
}

const outcomes = ["done", "already", "incomplete", "skipped", "failed", "unknown"] as const;

/** How many rows came to what. */
function countsText({ counts, progress }: RowJob): string {
  const parts = outcomes.flatMap((outcome) => {
    const count = counts[outcome] ?? 0;
    return count === 0 ? [] : [t(`bulk.counts.${outcome}`, { count })];
  });
  return [t("jobs.progress", { done: progress.done, total: progress.total ?? 0 }), ...parts].join(" · ");
}

const shownKinds = ["all", "not_done", "unknown"] as const satisfies readonly JobRowsShown[];

function JobRows({ job }: { readonly job: RowJob }) {
  const { jobId, kind, progress, status } = job;
  const [which, setWhich] = useState<JobRowsShown>("all");
  return (
    <>
      <FilterButtons
        label={t("bulk.show")}
        choices={shownKinds}
        chosen={which}
        textOf={(shown) => t(`bulk.resultKinds.${shown}`)}
        onChoose={setWhich}
      />
      <LongTable<JobRow>
        key={which}
        label={t("bulk.result")}
        numberName={t("bulk.number")}
        ask={(from, limit) => steward.jobs.rows({ jobId, which, from, limit })}
        version={`${progress.done} ${status}`}
        cells={(row) => ({
          number: row.number,
          user: (
            <span>
              <ServerText>{row.target}</ServerText>
            </span>
          ),
          what: <Pill {...outcomeVerdict(row)} />,
          why: jobRowText(row, kind),
        })}
      />
    </>
  );
}
