import { RefreshCw } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Page } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { t, type TextKey } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { loadSecureBackup, useSecureBackup, type SecureBackupEntry } from "../../stores/secureBackup.ts";
import { diagnosisSentence, isUnlockable } from "./diagnosis.ts";
import { SecureBackupDetails } from "./SecureBackupDetails.tsx";
import { SetUpWizard } from "./SetUpWizard.tsx";
import { UnlockForm } from "./UnlockForm.tsx";

interface SecureBackupPageProps {
  readonly account: Account;
  /** Shown right after signing in, so that it can be put off. */
  readonly offered: boolean;
}

/** The state of an account's Secure Backup, with the one thing there is to do about it. */
export function SecureBackupPage({ account, offered }: SecureBackupPageProps) {
  const { accountId } = account;
  const entry = useSecureBackup(accountId);
  const running = account.session.status === "running";
  const waiting = account.session.status === "starting";
  useEffect(() => {
    if (running) void loadSecureBackup(accountId);
  }, [accountId, running]);
  const { title, subtitle } = words(entry);
  return (
    <Page title={t(title)} subtitle={t(subtitle)}>
      {running || entry.setUp ? (
        <Content account={account} entry={entry} offered={offered} />
      ) : waiting ? (
        <Skeleton label={t("app.loading")} lines={4} />
      ) : (
        <Notice
          tone="info"
          actions={
            <Button small onPress={() => go({ name: "account", accountId, page: "overview" })}>
              {t("backup.goOverview")}
            </Button>
          }
        >
          {t("backup.notRunning")}
        </Notice>
      )}
    </Page>
  );
}

interface ContentProps extends SecureBackupPageProps {
  readonly entry: SecureBackupEntry;
}

function Content({ account, entry, offered }: ContentProps) {
  const { accountId } = account;
  const { state, setUp, error, loading } = entry;
  const later = offered && (
    <Button look="quiet" onPress={() => go({ name: "account", accountId, page: "overview" })}>
      {t("common.later")}
    </Button>
  );
  if (setUp) return <SetUpWizard account={account} setUp={setUp} later={later} />;
  if (!state) {
    if (!error) return <Skeleton label={t("backup.checking")} lines={5} />;
    return <ErrorText error={error} actions={<CheckAgain accountId={accountId} loading={loading} />} />;
  }
  if (state.diagnosis === "not_set_up") return <SetUpWizard account={account} setUp={null} later={later} />;
  return (
    <>
      {error && <ErrorText error={error} />}
      <Diagnosis account={account} entry={entry} later={later} />
      <SecureBackupDetails state={state} actions={<CheckAgain accountId={accountId} loading={loading} />} />
    </>
  );
}

function Diagnosis({ account, entry, later }: Pick<ContentProps, "account" | "entry"> & { readonly later: ReactNode }) {
  const { state } = entry;
  if (!state) return null;
  const sentence = diagnosisSentence(state);
  if (isUnlockable(state)) {
    return (
      <>
        <Notice tone="warn">{sentence}</Notice>
        <UnlockForm account={account} state={state} later={later} />
      </>
    );
  }
  if (state.diagnosis === "working") {
    return (
      <Notice tone="success" live>
        {sentence}
      </Notice>
    );
  }
  return (
    <Notice tone="error">
      {sentence} {t("backup.notBuilt")}
    </Notice>
  );
}

function CheckAgain({ accountId, loading }: { readonly accountId: Account["accountId"]; readonly loading: boolean }) {
  return (
    <Button small icon={RefreshCw} busy={loading} onPress={() => void loadSecureBackup(accountId)}>
      {t(loading ? "backup.checking" : "backup.checkAgain")}
    </Button>
  );
}

function words({ setUp, state }: SecureBackupEntry): { title: TextKey; subtitle: TextKey } {
  if (setUp?.phase === "stopped") return { title: "backup.titleUnfinished", subtitle: "backup.explain" };
  if (setUp || state?.diagnosis === "not_set_up") return { title: "backup.titleSetUp", subtitle: "backup.explain" };
  if (state && isUnlockable(state)) return { title: "backup.titleUnlock", subtitle: "backup.subtitle" };
  return { title: "backup.title", subtitle: "backup.subtitle" };
}
