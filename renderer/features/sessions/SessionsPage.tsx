import { LogOut, MonitorSmartphone, Search } from "lucide-react";
import { type CSSProperties, useEffect, useMemo, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Session } from "../../../shared/contract/devices.ts";
import { nameOf } from "../../accountHealth.ts";
import { Button } from "../../components/Button.tsx";
import { classNames } from "../../components/classNames.ts";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { FilterButtons } from "../../components/FilterButtons.tsx";
import { Page } from "../../components/Page.tsx";
import { RenameSession } from "../../components/RenameSession.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { useVirtualRows } from "../../components/useVirtualRows.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { go } from "../../stores/routes.ts";
import { renameSession, sessionLists, signOutSessions } from "../../stores/sessions.ts";
import { startVerification } from "../../stores/verifications.ts";
import { SignOutSessionsDialog } from "./SessionDialogs.tsx";
import { matchesQuery, passesFilter, type SessionFilter, sessionFilters } from "./sessionFilter.ts";
import { type SessionActions, SessionRow, type SessionRowProps } from "./SessionRow.tsx";
import { SignOutOnPageDialog } from "./SignOutOnPageDialog.tsx";
import { LinkDevice } from "../linkDevice/LinkDevice.tsx";
import { useManagement } from "../accountPage/useManagement.ts";
import styles from "./Sessions.module.css";

/** Everywhere an account is signed in. */
export function SessionsPage({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const { answer: sessions, error } = sessionLists.use(accountId);
  useEffect(() => void sessionLists.load(accountId), [accountId]);
  const retry = <Button onPress={() => void sessionLists.load(accountId)}>{t("common.retry")}</Button>;
  if (!sessions) {
    return (
      <Page title={t("sessions.title")}>
        {error ? <ErrorText error={error} actions={retry} /> : <Skeleton label={t("sessions.looking")} lines={5} />}
      </Page>
    );
  }
  return (
    <Page title={t("sessions.title")} subtitle={summary(account, sessions)}>
      {error && <ErrorText error={error} actions={retry} />}
      <SessionLists account={account} sessions={sessions} />
    </Page>
  );
}

function summary(account: Account, sessions: readonly Session[]): string {
  const count = (filter: SessionFilter): number => sessions.filter((session) => passesFilter(session, filter)).length;
  return [
    t("sessions.summary", { count: sessions.length, name: nameOf(account) }),
    count("unverified") > 0 ? t("sessions.summaryUnverified", { count: count("unverified") }) : "",
    count("inactive") > 0 ? t("sessions.summaryInactive", { count: count("inactive") }) : "",
  ]
    .join(" ")
    .trim();
}

/** Above this many sessions a search is worth its place. */
const MANY = 8;

interface OtherSessionsProps {
  readonly sessions: readonly Session[];
  readonly rowProps: (session: Session) => SessionRowProps;
}

/** There may be hundreds: those are drawn that the page shows. */
function OtherSessions({ sessions, rowProps }: OtherSessionsProps) {
  const count = sessions.length;
  const { body, first, end } = useVirtualRows<HTMLUListElement>(count);
  return (
    <ul
      ref={body}
      className={classNames(styles["list"], styles["others"])}
      style={{ "--count": count } as CSSProperties}
      aria-label={t("sessions.others")}
    >
      {sessions.slice(first, end).map((session, index) => (
        <SessionRow key={session.deviceId} {...rowProps(session)} place={first + index} count={count} />
      ))}
    </ul>
  );
}

function SessionLists({ account, sessions }: { readonly account: Account; readonly sessions: readonly Session[] }) {
  const { accountId } = account;
  const management = useManagement(accountId);
  const [filter, setFilter] = useState<SessionFilter>("all");
  const [query, setQuery] = useState("");
  const [chosenIds, setChosenIds] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<Session | null>(null);
  const [leaving, setLeaving] = useState<readonly Session[] | null>(null);

  const shown = sessions.filter((session) => passesFilter(session, filter) && matchesQuery(session, query));
  const own = shown.filter(({ thisSession }) => thisSession);
  const others = shown.filter(({ thisSession }) => !thisSession);
  const allOthers = sessions.filter(({ thisSession }) => !thisSession);
  const chosen = allOthers.filter(({ deviceId }) => chosenIds.has(deviceId));

  const thisIsVerified = sessions.some(({ thisSession, verification }) => thisSession && verification === "verified");
  const verify = useAction((deviceId: string) => startVerification(accountId, deviceId));
  const signOut = useAction(async (deviceIds: readonly string[]) => {
    await signOutSessions(accountId, deviceIds);
    announce(() => t("sessions.signedOut", { count: deviceIds.length }));
    setChosenIds(new Set());
  });
  const { run: verifyOther } = verify;
  const actions = useMemo<SessionActions>(
    () => ({
      choose: ({ deviceId }, yes) =>
        setChosenIds((before) => {
          const next = new Set(before);
          if (yes) next.add(deviceId);
          else next.delete(deviceId);
          return next;
        }),
      rename: setRenaming,
      verify: ({ deviceId, thisSession }) => {
        // This session is verified on the Secure Backup page, where every way to do it is offered.
        if (thisSession) go({ name: "account", accountId, page: "secureBackup" });
        else void verifyOther(deviceId);
      },
      signOut: (session) => setLeaving([session]),
    }),
    [accountId, verifyOther],
  );
  const rowProps = (session: Session) => ({
    session,
    chosen: chosenIds.has(session.deviceId),
    verifiable: session.verification === "unverified" && (session.thisSession || thisIsVerified),
    actions,
  });

  return (
    <>
      <div className={styles["tools"]}>
        <FilterButtons
          label={t("sessions.filter")}
          choices={sessionFilters}
          chosen={filter}
          textOf={(name) => t(`sessions.filters.${name}`, { count: sessions.filter((each) => passesFilter(each, name)).length })}
          onChoose={setFilter}
        />
        <LinkDevice accountId={accountId} />
        {sessions.length > MANY && <SearchField label={t("sessions.search")} value={query} onChange={setQuery} />}
        {chosen.length > 0 ? (
          <Button icon={LogOut} busy={signOut.busy} onPress={() => setLeaving(chosen)}>
            {t("sessions.signOutChosen", { count: chosen.length })}
          </Button>
        ) : (
          allOthers.length > 0 && (
            <Button icon={LogOut} busy={signOut.busy} onPress={() => setLeaving(allOthers)}>
              {t("sessions.signOutAll")}
            </Button>
          )
        )}
      </div>
      {verify.error && <ErrorText error={verify.error} />}
      {signOut.error && signOut.error.kind !== "challenge_cancelled" && <ErrorText error={signOut.error} />}
      {own.length > 0 && (
        <ul className={styles["list"]} aria-label={t("sessions.this")}>
          {own.map((session) => (
            <SessionRow key={session.deviceId} {...rowProps(session)} />
          ))}
        </ul>
      )}
      {others.length > 0 && <OtherSessions sessions={others} rowProps={rowProps} />}
      {shown.length === 0 && <EmptyState icon={Search} title={t("sessions.noneFound")} text={t("sessions.noneFoundText")} />}
      {allOthers.length === 0 && <EmptyState icon={MonitorSmartphone} title={t("sessions.noOthers")} text={t("sessions.noOthersText")} />}
      {renaming && (
        <DialogBoundary onClose={() => setRenaming(null)}>
          <RenameSession
            name={renaming.name}
            rename={(name) => renameSession(accountId, renaming.deviceId, name)}
            onClose={() => setRenaming(null)}
          />
        </DialogBoundary>
      )}
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(null)}>
          {management?.delegated ? (
            <SignOutOnPageDialog
              account={account}
              leaving={leaving}
              sessions={sessions}
              hasPage={management.pageHost !== null}
              onClose={() => {
                setLeaving(null);
                setChosenIds(new Set());
              }}
            />
          ) : (
            <SignOutSessionsDialog
              leaving={leaving}
              onClose={() => setLeaving(null)}
              onConfirm={() => {
                setLeaving(null);
                void signOut.run(leaving.map(({ deviceId }) => deviceId));
              }}
            />
          )}
        </DialogBoundary>
      )}
    </>
  );
}
