import type { JobProblem, PlainJob } from "../../../shared/contract/jobs.ts";
import type { RoomKeyFault } from "../../../shared/contract/roomKeys.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./RoomKeys.module.css";

/** More rows than this nobody reads. */
const SHOWN = 20;

/** How far a Job about room keys is, or how it ended; nothing where there was none. */
export function JobOutcome({ job }: { readonly job: PlainJob | null }) {
  if (!job) return null;
  switch (job.status) {
    case "running":
      return <Running job={job} />;
    case "failed":
      return <ErrorText error={job.error} />;
    case "cancelled":
    case "interrupted":
      return <Notice tone="info">{t(`roomKeys.outcome.${job.status}`)}</Notice>;
    case "done":
      return <Done job={job} />;
  }
}

function Running({ job }: { readonly job: PlainJob }) {
  const { done, total } = job.progress;
  return (
    <div className={styles["running"]}>
      <progress className={styles["bar"]} aria-label={t(`jobs.${job.kind}`)} {...(total === null ? {} : { max: total, value: done })} />
      <Button small onPress={() => void steward.jobs.cancel({ jobId: job.jobId }).catch(() => undefined)}>
        {t("roomKeys.cancel")}
      </Button>
    </div>
  );
}

type DoneJob = Extract<PlainJob, { status: "done" }>;

function Done({ job }: { readonly job: DoneJob }) {
  const broken = job.counts["broken"] ?? 0;
  const kept = job.counts["kept"] ?? 0;
  return (
    <div className={styles["outcome"]}>
      <Notice tone={broken > 0 ? "warn" : "success"} live>
        {sentence(job)} {kept > 0 && t("roomKeys.outcome.kept", { count: kept })} {broken > 0 && t("roomKeys.broken", { count: broken })}
      </Notice>
      {job.problems.length > 0 && <Problems problems={job.problems} broken={broken} />}
    </div>
  );
}

function sentence({ kind, counts }: DoneJob): string {
  const count = (name: string): number => counts[name] ?? 0;
  switch (kind) {
    case "import_room_keys":
      return t("roomKeys.outcome.import_room_keys", {
        new: count("new"),
        better: count("better"),
        alreadyThere: count("alreadyThere"),
      });
    case "verify_backup":
      return t("roomKeys.outcome.verify_backup", { count: count("good") });
    default:
      return t("roomKeys.outcome.export_room_keys", { count: count("exported") });
  }
}

function Problems({ problems, broken }: { readonly problems: readonly JobProblem[]; readonly broken: number }) {
  const shown = problems.slice(0, SHOWN).map((problem, index) => ({ ...problem, key: String(index) }));
  return (
    <>
      <Table
        label={t("roomKeys.problems")}
        rows={shown}
        keyOf={({ key }) => key}
        columns={[
          { id: "key", name: t("roomKeys.problemKey"), gives: true },
          { id: "reason", name: t("roomKeys.problemReason") },
        ]}
        cells={({ subject, reason }) => [
          <span key="key" className={styles["key"]}>
            <ServerText>{nameOfSubject(subject)}</ServerText>
          </span>,
          t(`roomKeys.fault.${reason as RoomKeyFault}`),
        ]}
      />
      {broken > shown.length && <p className={styles["quiet"]}>{t("roomKeys.problemsMore", { count: broken - shown.length })}</p>}
    </>
  );
}

function nameOfSubject({ roomId, sessionId, number }: JobProblem["subject"]): string {
  if (roomId !== undefined) return sessionId === undefined ? roomId : `${roomId} · ${sessionId}`;
  return number === undefined ? t("common.unknown") : t("roomKeys.numbered", { number });
}
