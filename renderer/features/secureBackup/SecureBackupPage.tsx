import { RefreshCw, ScrollText } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { NotRunning } from "../../components/NotRunning.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { t, type PlainTextKey } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { intend, loadSecureBackup, useSecureBackup, type SecureBackupEntry } from "../../stores/secureBackup.ts";
import { VerifySession } from "../verification/VerifySession.tsx";
import { needsVerification } from "../verification/needsVerification.ts";
import { ChangedIdentity } from "./ChangedIdentity.tsx";
import { diagnosisSentence, isForSetUp, isUnlockable } from "./diagnosis.ts";
import { KeptKey } from "./KeptKey.tsx";
import { HalfOff, KeyStorage } from "./KeyStorage.tsx";
import { OtherKeys } from "./OtherKeys.tsx";
import { RepairForm } from "./RepairForm.tsx";
import { ReplaceActions } from "./ReplaceActions.tsx";
import { ResetStep } from "./ResetStep.tsx";
import { SecureBackupDetails } from "./SecureBackupDetails.tsx";
import { SetUpWizard } from "./SetUpWizard.tsx";
import { UnlockForm } from "./UnlockForm.tsx";

interface SecureBackupPageProps {
  readonly account: Account;
  /** Shown right after signing in, so that it can be put off. */
  readonly offered: boolean;
  /** The account has just been created: a name and a picture are offered as well. */
  readonly created: boolean;
}

/** The state of an account's Secure Backup, with the one thing there is to do about it. */
export function SecureBackupPage({ account, offered, created }: SecureBackupPageProps) {
  const { accountId } = account;
  const entry = useSecureBackup(accountId);
  const running = account.session.status === "running";
  const waiting = account.session.status === "starting";
  useEffect(() => {
    if (running) void loadSecureBackup(accountId);
  }, [accountId, running]);
  const { title, subtitle } = words(entry);
  return (
    <Page
      title={t(title)}
      subtitle={t(subtitle)}
      actions={
        entry.state &&
        !entry.setUp && (
          <Button icon={ScrollText} onPress={() => go({ name: "emergencySheet", accountId })}>
            {t("emergency.open")}
          </Button>
        )
      }
    >
      {created && <Created account={account} />}
      {running || entry.setUp ? (
        <Content account={account} entry={entry} offered={offered} />
      ) : waiting ? (
        <Skeleton label={t("app.loading")} lines={4} />
      ) : (
        <NotRunning accountId={accountId} text={t("backup.notRunning")} />
      )}
    </Page>
  );
}

/** What a new account can have besides Secure Backup. */
function Created({ account: { accountId, userId } }: Pick<SecureBackupPageProps, "account">) {
  return (
    <Notice
      tone="success"
      live
      actions={
        <Button small onPress={() => go({ name: "account", accountId, page: "profile" })}>
          {t("created.profile")}
        </Button>
      }
    >
      {t("created.text", { userId })}
    </Notice>
  );
}

interface ContentProps extends Omit<SecureBackupPageProps, "created"> {
  readonly entry: SecureBackupEntry;
}

function Content({ account, entry, offered }: ContentProps) {
  const { accountId } = account;
  const { state, setUp, error, loading, intent, confirmation } = entry;
  const later = offered && (
    <Button look="quiet" onPress={() => go({ name: "account", accountId, page: "overview" })}>
      {t("common.later")}
    </Button>
  );
  const stay = (
    <Button look="quiet" onPress={() => intend(accountId, null)}>
      {t("backup.keep.cancel")}
    </Button>
  );
  if (setUp) return <SetUpWizard account={account} setUp={setUp} kind={setUp.kind} confirmation={null} later={later} />;
  if (intent === "reset" && confirmation === null) return <ResetStep account={account} later={stay} />;
  if (intent) {
    return <SetUpWizard account={account} setUp={null} kind={intent} confirmation={confirmation} later={stay} />;
  }
  if (!state) {
    if (!error) return <Skeleton label={t("backup.checking")} lines={5} />;
    return <ErrorText error={error} actions={<CheckAgain accountId={accountId} loading={loading} />} />;
  }
  if (state.identity.changedTo !== null) {
    return (
      <>
        {error && <ErrorText error={error} />}
        <ChangedIdentity account={account} master={state.identity.changedTo} />
        <SecureBackupDetails state={state} actions={<CheckAgain accountId={accountId} loading={loading} />} />
      </>
    );
  }
  const forSetUp = isForSetUp(state);
  if (needsVerification(state)) {
    return (
      <>
        {error && <ErrorText error={error} />}
        <VerifySession account={account} offered={offered}>
          {forSetUp ? (
            <Notice tone="info">
              {t("verification.choose.keyNot")} {diagnosisSentence(state)}
            </Notice>
          ) : isUnlockable(state) ? (
            <UnlockForm account={account} state={state} later={null} />
          ) : (
            <Diagnosis account={account} entry={entry} later={null} />
          )}
        </VerifySession>
        {keepsKey(state) && <KeptKey account={account} state={state} />}
        <SecureBackupDetails state={state} actions={<CheckAgain accountId={accountId} loading={loading} />} />
      </>
    );
  }
  if (forSetUp) {
    return (
      <>
        {state.turnedOff && <Notice tone="info">{diagnosisSentence(state)}</Notice>}
        {state.backup && !state.backup.active && !state.turnedOff && (
          <Section title={t("backup.unlock.recoveryKeyTitle")}>
            <UnlockForm account={account} state={state} later={null} />
          </Section>
        )}
        <SetUpWizard account={account} setUp={null} kind="set_up" confirmation={null} later={later} />
        {keepsKey(state) && <KeptKey account={account} state={state} />}
        {state.identity.exists && <ReplaceActions account={account} state={state} />}
      </>
    );
  }
  return (
    <>
      {error && <ErrorText error={error} />}
      <OtherKeyUsed state={state} />
      {state.dehydratedDevice === "lost" && <Notice tone="warn">{t("backup.dehydratedLost")}</Notice>}
      <Diagnosis account={account} entry={entry} later={later} />
      <SecureBackupDetails state={state} actions={<CheckAgain accountId={accountId} loading={loading} />} />
      {(keepsKey(state) || canKeepKey(state)) && <KeptKey account={account} state={state} />}
      <OtherKeys accountId={accountId} readAt={state.checkedAt} />
      <ReplaceActions account={account} state={state} />
      {state.diagnosis !== "turned_off" && <KeyStorage account={account} state={state} />}
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
  if (state.diagnosis === "turned_off") {
    return (
      <>
        <Notice tone="warn">{sentence}</Notice>
        <HalfOff account={account} state={state} />
      </>
    );
  }
  return (
    <>
      <Notice tone={state.diagnosis === "old_keys_left" ? "info" : "error"} live>
        {sentence}
      </Notice>
      {state.backupProblem && <ErrorText error={state.backupProblem} />}
      <RepairForm key={state.diagnosis} account={account} state={state} />
    </>
  );
}

/** Says which key opened this Secure Backup, where it is not the one that other clients ask for. */
function OtherKeyUsed({ state: { openedByOtherKey: used } }: { readonly state: SecureBackupState }) {
  if (!used) return null;
  return (
    <Notice tone="warn">
      {used.name === null ? t("backup.repair.otherKeyUsed") : t("backup.repair.otherKeyUsedNamed", { name: used.name })}
    </Notice>
  );
}

/** Whether this computer keeps a Security Key, of whatever use it is. */
function keepsKey({ keptKey: { status, place } }: SecureBackupState): boolean {
  return status === "current" || status === "older" || (status === "unreadable" && place !== null);
}

/** Whether the Security Key may be offered to be kept: while something is to be mended, that comes first. */
function canKeepKey({ diagnosis }: SecureBackupState): boolean {
  return diagnosis === "working" || diagnosis === "old_keys_left";
}

function CheckAgain({ accountId, loading }: { readonly accountId: Account["accountId"]; readonly loading: boolean }) {
  return (
    <Button small icon={RefreshCw} busy={loading} onPress={() => void loadSecureBackup(accountId)}>
      {t(loading ? "backup.checking" : "backup.checkAgain")}
    </Button>
  );
}

function words({ setUp, state, intent }: SecureBackupEntry): { title: PlainTextKey; subtitle: PlainTextKey } {
  const kind = setUp?.kind ?? intent;
  if (kind === "change" || kind === "reset") {
    return { title: `backup.replace.${kind}Title`, subtitle: `backup.replace.${kind}Subtitle` };
  }
  if (setUp?.phase === "stopped") return { title: "backup.titleUnfinished", subtitle: "backup.explain" };
  if (!setUp && state && needsVerification(state)) {
    return { title: "verification.choose.title", subtitle: "verification.choose.why" };
  }
  if (setUp || (state && isForSetUp(state))) return { title: "backup.titleSetUp", subtitle: "backup.explain" };
  if (state && isUnlockable(state)) return { title: "backup.titleUnlock", subtitle: "backup.subtitle" };
  return { title: "backup.title", subtitle: "backup.subtitle" };
}
