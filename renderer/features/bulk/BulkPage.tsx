import {
  Ban,
  Eraser,
  FileX,
  KeyRound,
  Lock,
  LockOpen,
  LogOut,
  Megaphone,
  MonitorX,
  Undo2,
  UserPen,
  UserPlus,
  UserRoundCheck,
  UserX,
} from "lucide-react";
import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { BulkAction } from "../../../shared/contract/bulk.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { bulkDrafts, chooseBulkFile } from "../../stores/bulk.ts";
import { useJobs } from "../../stores/jobs.ts";
import { NoAccess } from "../administration/AdminAddress.tsx";
import { BulkJob } from "./BulkJob.tsx";
import styles from "./Bulk.module.css";
import { DraftView } from "./DraftView.tsx";

/** Work on many users of an account's homeserver, for its admins: prepared, looked at, done, and what came of it. */
export function BulkPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer: access } = adminAccess.use(accountId);
  const refused = access !== null && access.status !== "admin" && access.status !== "unknown";
  return (
    <Page title={t("bulk.title")} subtitle={t("bulk.subtitle", { server: homeserver.serverName })} wide>
      {refused ? <NoAccess account={account} access={access} /> : <Content accountId={accountId} />}
    </Page>
  );
}

function Content({ accountId }: { readonly accountId: AccountId }) {
  const { answer } = bulkDrafts.use(accountId);
  useEffect(() => void bulkDrafts.load(accountId), [accountId]);
  const draft = answer?.draft ?? null;
  const all = useJobs((state) => state.open);
  const jobs = all
    .filter((job) => job.rowJob)
    .filter((job) => job.accountId === accountId)
    .reverse();
  return (
    <>
      {draft !== null && <DraftView key={draft.draftId} accountId={accountId} draft={draft} />}
      {jobs.length > 0 && (
        <Section title={t("bulk.jobs")}>
          <div className={styles["jobs"]}>
            {jobs.map((job) => (
              <BulkJob key={job.jobId} job={job} />
            ))}
          </div>
        </Section>
      )}
      {draft === null && <Begin accountId={accountId} />}
    </>
  );
}

const actions: readonly { readonly action: BulkAction; readonly icon: typeof UserPlus }[] = [
  { action: "create", icon: UserPlus },
  { action: "change", icon: UserPen },
  { action: "reset_passwords", icon: KeyRound },
  { action: "lock", icon: Lock },
  { action: "unlock", icon: LockOpen },
  { action: "suspend", icon: Ban },
  { action: "unsuspend", icon: UserRoundCheck },
  { action: "sign_out", icon: LogOut },
  { action: "prune_sessions", icon: MonitorX },
  { action: "send_notice", icon: Megaphone },
  { action: "delete_media", icon: FileX },
  { action: "deactivate", icon: UserX },
  { action: "erase", icon: Eraser },
  { action: "reactivate", icon: Undo2 },
];

/** What can be begun. */
function Begin({ accountId }: { readonly accountId: AccountId }) {
  const choose = useAction((action: BulkAction) => chooseBulkFile(accountId, action));
  return (
    <Section title={t("bulk.begin")}>
      <p className={styles["quiet"]}>{t("bulk.beginText")}</p>
      <Rows label={t("bulk.begin")}>
        {actions.map(({ action, icon: Icon }) => (
          <Row
            key={action}
            icon={<Icon size={18} aria-hidden />}
            title={t(`bulk.action.${action}`)}
            text={t(`bulk.actionText.${action}`)}
            end={
              <Button
                aria-label={t("bulk.chooseFor", { action: t(`bulk.action.${action}`) })}
                busy={choose.busy}
                onPress={() => void choose.run(action)}
              >
                {t("bulk.choose")}
              </Button>
            }
          />
        ))}
      </Rows>
      {choose.error && <ErrorText error={choose.error} />}
    </Section>
  );
}
