import { Ban, CircleAlert, CircleCheck, CirclePause, LoaderCircle, type LucideIcon, X } from "lucide-react";
import { Button as AriaButton } from "react-aria-components/Button";
import type { Job } from "../../../shared/contract/jobs.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { errorWords, t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { useJobs } from "../../stores/jobs.ts";
import { go, type Route } from "../../stores/routes.ts";
import styles from "./JobsTray.module.css";

const icons: Record<Job["status"], LucideIcon> = {
  running: LoaderCircle,
  paused: CirclePause,
  interrupted: CirclePause,
  failed: CircleAlert,
  done: CircleCheck,
  cancelled: Ban,
};

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
  const named = account ? `${name} · ${nameOf(account)}` : name;
  const said = t("jobs.named", { job: named, state });
  const page = pageOf(job);
  const Icon = icons[job.status];
  return (
    <li className={styles["job"]} title={said}>
      <div className={styles["head"]}>
        <AriaButton className={styles["open"] ?? ""} aria-label={said} data-status={job.status} onPress={() => page && go(page)}>
          <Icon size={14} aria-hidden />
        </AriaButton>
        <span className={styles["name"]}>
          <ServerText>{named}</ServerText>
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

/** Where it is looked after; null for one that belongs to no account. */
function pageOf(job: Job): Route | null {
  const { accountId } = job;
  if (accountId === null) return null;
  if (job.rowJob) return job.batch ? { name: "offboarding" } : { name: "account", accountId, page: "bulk" };
  switch (job.kind) {
    case "export_users":
    case "collect_contacts":
      return { name: "account", accountId, page: "users" };
    case "collect_users":
      return { name: "account", accountId, page: "statistics" };
    default:
      return { name: "account", accountId, page: "roomKeys" };
  }
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
