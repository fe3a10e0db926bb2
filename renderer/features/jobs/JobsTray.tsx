import { X } from "lucide-react";
import type { Job } from "../../../shared/contract/jobs.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { errorWords, t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { useJobs } from "../../stores/jobs.ts";
import styles from "./JobsTray.module.css";

/** The Jobs that run or have ended and not been dismissed, above the bottom of the left column. */
export function JobsTray() {
  const jobs = useJobs((state) => state.open);
  if (jobs.length === 0) return null;
  return (
    <ul className={styles["tray"]} aria-label={t("jobs.title")}>
      {jobs.map((job) => (
        <JobLine key={job.jobId} job={job} />
      ))}
    </ul>
  );
}

function JobLine({ job }: { readonly job: Job }) {
  const account = useAccounts((state) => (job.accountId ? state.byId[job.accountId] : undefined));
  const name = t(`jobs.${job.kind}`);
  const running = job.status === "running";
  const { done, total } = job.progress;
  // What goes on, and passwords that nobody has saved, are looked after on their own page.
  const isHeld = job.rowJob && (!isOver(job) || job.unsavedPasswords > 0);
  const state = standing(job);
  return (
    <li className={styles["job"]} title={`${name}\n${state}`}>
      <div className={styles["head"]}>
        <span className={styles["name"]} title={name}>
          <ServerText>{account ? `${name} · ${nameOf(account)}` : name}</ServerText>
        </span>
        {!isHeld && (
          <Button
            look="quiet"
            small
            icon={X}
            aria-label={t(running ? "jobs.cancelNamed" : "jobs.dismissNamed", { job: name })}
            onPress={() => void (running ? steward.jobs.cancel : steward.jobs.dismiss)({ jobId: job.jobId }).catch(() => undefined)}
          />
        )}
      </div>
      {running && <progress className={styles["bar"]} aria-label={name} {...(total === null ? {} : { max: total, value: done })} />}
      <span className={styles["count"]}>{state}</span>
    </li>
  );
}

/** How far it is, or how it ended. */
function standing(job: Job): string {
  if (job.status === "running") return progressText(job);
  if ("error" in job && job.error) return errorWords(job.error).sentence;
  return t(`jobs.status.${job.status}`);
}

const isOver = ({ status }: Job): boolean => status === "done" || status === "cancelled";

function progressText({ kind, progress: { done, total } }: Job): string {
  // An import counts the bytes of its file, which say nothing to a person.
  if (kind === "import_room_keys" && total !== null) {
    return t("jobs.progressPercent", { share: Math.floor((100 * done) / Math.max(1, total)) / 100 });
  }
  return total === null ? t("jobs.progressUnknown", { count: done }) : t("jobs.progress", { done, total });
}
