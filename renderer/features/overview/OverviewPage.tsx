import { KeyRound, LogOut, MonitorCheck, MonitorSmartphone, MonitorX, RefreshCw, ShieldAlert, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import {
  backupFix,
  backupVerdict,
  chooseFix,
  isOffline,
  keepsTrying,
  nameOf,
  refusalOf,
  sessionsFix,
  sessionsVerdict,
  sessionVerdict,
  signsInAgain,
  type Fix,
} from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Facts, Page, Section } from "../../components/Page.tsx";
import { Menu } from "../../components/Menu.tsx";
import { Pill } from "../../components/Pill.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { ServerText } from "../../components/ServerText.tsx";
import { errorWords, momentText, t } from "../../i18n/index.ts";
import { moveAccount } from "../../stores/accounts.ts";
import { AskedActivity } from "../activity/AskedActivity.tsx";
import { AdminSignIn } from "../administration/AdminSignIn.tsx";
import { useManagement } from "../accountPage/useManagement.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { openDialog } from "../../stores/dialogs.ts";
import { go } from "../../stores/routes.ts";
import { AddressButton, NoAccess } from "../administration/AdminAddress.tsx";
import { NewSessions } from "../sessions/NewSessions.tsx";
import { MoveToBrowser } from "../signInAgain/MoveToBrowser.tsx";
import { RecallPassphrase } from "../signInAgain/RecallPassphrase.tsx";
import { SignInAgain } from "../signInAgain/SignInAgain.tsx";
import { useHealthFix } from "../useHealthFix.ts";
import styles from "./Overview.module.css";

/** How one account is, what can be repaired with one click, and what is known of it. */
export function OverviewPage({ account }: { readonly account: Account }) {
  const { accountId, userId, session } = account;
  return (
    <Page
      title={nameOf(account)}
      subtitle={<ServerText>{userId}</ServerText>}
      actions={
        <Menu
          label={t("overview.more", { name: nameOf(account) })}
          items={[
            { id: "up", text: t("overview.moveUp"), onChoose: () => void moveAccount(accountId, -1) },
            { id: "down", text: t("overview.moveDown"), onChoose: () => void moveAccount(accountId, 1) },
            { id: "signOut", text: t("overview.signOut"), onChoose: () => openDialog({ name: "signOut", accountId }) },
          ]}
        />
      }
    >
      {signsInAgain(account) && (
        <Section title={t("again.title")}>
          <SignInAgain account={account} />
        </Section>
      )}
      {session.error?.kind === "passphrase_forgotten" && (
        <Section title={t("again.recallTitle")}>
          <RecallPassphrase />
        </Section>
      )}
      <NewSessions account={account} />
      <AskedActivity account={account} />
      <Health account={account} />
      <AboutAccount account={account} />
      <MoveToBrowser account={account} />
      <RunsServer account={account} />
      <Section title={t("overview.signOutSection")}>
        <p className={styles["quiet"]}>{t("overview.signOutText")}</p>
        <div>
          <Button icon={LogOut} onPress={() => openDialog({ name: "signOut", accountId })}>
            {t("overview.signOut")}
          </Button>
        </div>
      </Section>
    </Page>
  );
}

/** For those who run the server, where its admin API is not where its clients connect. */
function RunsServer({ account }: { readonly account: Account }) {
  const { answer: access } = adminAccess.use(account.accountId);
  const management = useManagement(account.accountId);
  if (management?.delegated && access?.status === "not_admin" && !signsInAgain(account)) {
    return (
      <Section title={t("administration.title")}>
        <AdminSignIn account={account} />
      </Section>
    );
  }
  if (!access || access.status === "admin" || access.status === "unknown") return null;
  if (access.status !== "not_exposed" && access.adminBaseUrl === null) return null;
  return (
    <Section title={t("administration.title")}>
      {access.adminBaseUrl === null ? (
        <>
          <p className={styles["quiet"]}>{t("administration.runIt", { server: account.homeserver.serverName })}</p>
          <div>
            <AddressButton account={account} access={access} />
          </div>
        </>
      ) : (
        <NoAccess account={account} access={access} />
      )}
    </Section>
  );
}

function Health({ account }: { readonly account: Account }) {
  const { accountId, session, health } = account;
  const refresh = useAction(() => steward.accounts.refreshHealth({ accountId }));
  const fix = useHealthFix(account);
  const error = refresh.error ?? fix.error;
  const running = session.status === "running";
  return (
    <Section
      title={t("overview.health")}
      actions={
        running && (
          <span className={styles["checked"]}>
            {health ? t("overview.checkedAt", { when: momentText(health.checkedAt) }) : t("overview.neverChecked")}
            <Button small icon={RefreshCw} busy={refresh.busy} onPress={() => void refresh.run()}>
              {t(refresh.busy ? "overview.checking" : "overview.checkAgain")}
            </Button>
          </span>
        )
      }
    >
      {error && <ErrorText error={error} />}
      <Rows label={t("overview.health")}>
        <SessionRow account={account} onFix={fix.run} busy={fix.busy} />
        <BackupRow account={account} onFix={fix.run} />
        {health?.otherSessions && <SessionsRow account={account} onFix={fix.run} />}
        {health?.dehydratedDevice === "lost" && (
          <Row
            icon={<ShieldAlert size={20} aria-hidden />}
            title={t("overview.dehydratedDevice")}
            text={t("backup.dehydratedLost")}
            end={<Pill tone="warn" text={t("overview.dehydratedLost")} />}
          />
        )}
        {account.roomKeysSetAside !== undefined && <SetAsideRow account={account} count={account.roomKeysSetAside} />}
      </Rows>
    </Section>
  );
}

interface FixRowProps {
  readonly account: Account;
  readonly onFix: (fix: Fix) => Promise<void>;
  readonly busy?: boolean;
}

function SessionRow({ account, onFix, busy = false }: FixRowProps) {
  const verdict = sessionVerdict(account);
  const fix = account.session.status === "running" ? null : chooseFix(account);
  const Icon = verdict.tone === "bad" ? MonitorX : MonitorCheck;
  return (
    <Row
      icon={<Icon size={20} aria-hidden />}
      title={t("health.thisSession")}
      text={sessionSentence(account)}
      end={
        <>
          <Pill {...verdict} />
          {(fix === "retry" || fix === "start") && (
            <Button small busy={busy} onPress={() => void onFix(fix)}>
              {t(`fix.${fix}`)}
            </Button>
          )}
        </>
      }
    />
  );
}

function sessionSentence(account: Account): string {
  const { status, error } = account.session;
  if (isOffline(account)) return t("overview.session.offline");
  const refusal = refusalOf(account);
  if (refusal) {
    const { sentence, next } = errorWords(refusal);
    const then = keepsTrying(account) ? t("overview.session.keepsTrying") : next;
    return then ? `${sentence} ${then}` : sentence;
  }
  if (status !== "running") {
    if (!error) return t(`overview.session.${status}`);
    const { sentence, next } = errorWords(error);
    return signsInAgain(account) || !next ? sentence : `${sentence} ${next}`;
  }
  switch (account.health?.thisSession) {
    case "verified":
      return t("overview.session.running");
    case "unverified":
      return t("overview.session.runningUnverified");
    case "identity_changed":
      return t("overview.session.runningIdentityChanged");
    case "no_identity":
      return t("overview.session.runningNoIdentity");
    default:
      return t("overview.session.runningUnknown");
  }
}

function BackupRow({ account, onFix }: FixRowProps) {
  const { accountId, health, session } = account;
  const state = health?.secureBackup ?? "unknown";
  const fix = session.status === "running" ? backupFix(health) : null;
  const Icon = state === "working" ? ShieldCheck : ShieldAlert;
  return (
    <Row
      icon={<Icon size={20} aria-hidden />}
      title={t("health.secureBackup")}
      text={t(`overview.backup.${state}`)}
      end={
        <>
          <Pill {...backupVerdict(health)} />
          {fix && (
            <Button small look="primary" onPress={() => void onFix(fix)}>
              {t(`fix.${fix}`)}
            </Button>
          )}
          {state === "broken" && (
            <Button small onPress={() => go({ name: "account", accountId, page: "secureBackup" })}>
              {t("overview.backup.look")}
            </Button>
          )}
        </>
      }
    />
  );
}

function SessionsRow({ account, onFix }: FixRowProps) {
  const { health, session } = account;
  const fix = session.status === "running" ? sessionsFix(health) : null;
  return (
    <Row
      icon={<MonitorSmartphone size={20} aria-hidden />}
      title={t("health.otherSessions")}
      text={health?.otherSessions ? sessionsText(health.otherSessions) : t("common.unknown")}
      end={
        <>
          <Pill {...sessionsVerdict(health)} />
          {fix && (
            <Button small onPress={() => void onFix(fix)}>
              {t(`fix.${fix}`)}
            </Button>
          )}
        </>
      }
    />
  );
}

/** Room keys that the session before this one had, and this one does not. */
function SetAsideRow({ account, count }: { readonly account: Account; readonly count: number }) {
  const { accountId, session } = account;
  return (
    <Row
      icon={<KeyRound size={20} aria-hidden />}
      title={t("roomKeys.title")}
      text={t("overview.roomKeysSetAside", { count })}
      end={
        <>
          <Pill tone="warn" text={t("health.roomKeysMissing", { count })} />
          {session.status === "running" && (
            <Button small onPress={() => go({ name: "account", accountId, page: "roomKeys" })}>
              {t("overview.importRoomKeys")}
            </Button>
          )}
        </>
      }
    />
  );
}

/** Facts, without a judgement: what is missing here cannot be repaired by this version. */
function AboutAccount({ account }: { readonly account: Account }) {
  const { userId, deviceId, homeserver } = account;
  const facts: { name: string; value: ReactNode }[] = [
    { name: t("overview.userId"), value: <CopyableText text={userId} what={t("overview.userId")} /> },
    { name: t("overview.homeserver"), value: homeserver.baseUrl },
    { name: t("overview.sessionId"), value: <CopyableText text={deviceId} what={t("overview.sessionId")} /> },
    { name: t("health.recoveryEmail"), value: <RecoveryEmail account={account} /> },
  ];
  return (
    <Section title={t("overview.facts")}>
      <div className={styles["about"]}>
        <Avatar account={account} size={56} />
        <Facts facts={facts} />
      </div>
    </Section>
  );
}

/** The recovery email; without one, also the way to the page where it is seen to. */
function RecoveryEmail({ account }: { readonly account: Account }) {
  const { accountId, health, homeserver } = account;
  const email = health?.recoveryEmail.kind;
  // Not every server that keeps them on a page of its own tells clients which there are.
  const elsewhere = useManagement(accountId)?.delegated === true && email === "unknown";
  return (
    <>
      {elsewhere ? t("overview.emailElsewhere", { server: homeserver.serverName }) : emailText(account)}{" "}
      {(email === "none" || elsewhere) && (
        <Button small onPress={() => go({ name: "account", accountId, page: "passwordAndRecovery" })}>
          {t("overview.seeToEmail")}
        </Button>
      )}
    </>
  );
}

function emailText({ health }: Account): string {
  const email = health?.recoveryEmail;
  if (email?.kind === "none") return t("overview.emailNone");
  if (email?.kind !== "set") return t("common.unknown");
  return email.count > 1 ? t("overview.emailSeveral", { masked: email.masked, more: email.count - 1 }) : email.masked;
}

function sessionsText({ total, unverified, inactive }: { total: number; unverified: number; inactive: number }): string {
  if (total === 0) return t("overview.sessionsNone");
  const parts = [t("overview.sessionsAll", { count: total })];
  if (unverified > 0) parts.push(t("overview.sessionsUnverified", { count: unverified }));
  if (inactive > 0) parts.push(t("overview.sessionsInactive", { count: inactive }));
  return parts.join(", ");
}
