import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { RoomKeysOverview } from "../../../shared/contract/roomKeys.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { NotRunning } from "../../components/NotRunning.tsx";
import { Buttons, Facts, Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { roomKeysOverviews } from "../../stores/roomKeys.ts";
import { go } from "../../stores/routes.ts";
import { ExportForm } from "./ExportForm.tsx";
import { ImportForm } from "./ImportForm.tsx";
import { JobOutcome } from "./JobOutcome.tsx";
import styles from "./RoomKeys.module.css";
import { useLastJob } from "./useLastJob.ts";

/** An account's room keys: where they are, and how they come out of and into key files. */
export function RoomKeysPage({ account }: { readonly account: Account }) {
  const { accountId, session } = account;
  return (
    <Page title={t("roomKeys.title")} subtitle={t("roomKeys.subtitle")}>
      {session.status === "running" ? (
        <Content account={account} />
      ) : session.status === "starting" ? (
        <Skeleton label={t("app.loading")} lines={4} />
      ) : (
        <NotRunning accountId={accountId} text={t("roomKeys.notRunning")} />
      )}
    </Page>
  );
}

function Content({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const { answer: overview, error } = roomKeysOverviews.use(accountId);
  // An import that has ended has brought some.
  const lastImport = useLastJob(accountId, "import_room_keys");
  const imported = lastImport && lastImport.status !== "running" ? lastImport.endedAt : null;
  useEffect(() => void roomKeysOverviews.load(accountId), [accountId, imported]);
  if (!overview) {
    if (!error) return <Skeleton label={t("app.loading")} lines={4} />;
    const again = (
      <Button small onPress={() => void roomKeysOverviews.load(accountId)}>
        {t("common.retry")}
      </Button>
    );
    return <ErrorText error={error} actions={again} />;
  }
  return (
    <>
      <Where account={account} overview={overview} />
      <ExportForm accountId={accountId} />
      <ImportForm accountId={accountId} backup={overview.backup} />
    </>
  );
}

function Where({ account, overview }: { readonly account: Account; readonly overview: RoomKeysOverview }) {
  const { accountId } = account;
  const job = useLastJob(accountId, "verify_backup");
  const verify = useAction(() => steward.roomKeys.verifyBackup({ accountId }));
  const keys = t("roomKeys.count", { count: overview.keysInBackup });
  const inBackup = {
    open: keys,
    locked: t("roomKeys.lockedBackup", { keys }),
    none: t("roomKeys.noBackup"),
    malformed: t("roomKeys.malformedBackup"),
    unknown_kind: t("roomKeys.unknownBackup"),
    unreadable: t("roomKeys.unreadableBackup"),
  }[overview.backup];
  const warning = {
    open: null,
    none: null,
    locked: t("roomKeys.locked"),
    malformed: t("roomKeys.unusable"),
    unknown_kind: t("roomKeys.unusable"),
    unreadable: t("roomKeys.unreadable"),
  }[overview.backup];
  return (
    <Section title={t("roomKeys.where")}>
      <Facts
        facts={[
          { name: t("roomKeys.inBackup"), value: inBackup },
          { name: t("roomKeys.here"), value: t("roomKeys.count", { count: overview.keysHere }) },
        ]}
      />
      {warning && (
        <Notice
          tone="warn"
          actions={
            <Button small onPress={() => go({ name: "account", accountId, page: "secureBackup" })}>
              {t(overview.backup === "locked" ? "roomKeys.unlock" : "roomKeys.lookAtBackup")}
            </Button>
          }
        >
          {warning}
        </Notice>
      )}
      {overview.backup === "open" && (
        <>
          <p className={styles["quiet"]}>{t("roomKeys.verifyText")}</p>
          {verify.error && <ErrorText error={verify.error} />}
          <Buttons>
            <Button busy={job?.status === "running" || verify.busy} onPress={() => void verify.run()}>
              {t("roomKeys.verify")}
            </Button>
          </Buttons>
          <JobOutcome job={job} />
        </>
      )}
    </Section>
  );
}
