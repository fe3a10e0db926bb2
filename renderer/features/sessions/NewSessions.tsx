import { MonitorSmartphone } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { NewSession, Session } from "../../../shared/contract/devices.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { type AccountPage, go } from "../../stores/routes.ts";
import { answerNewSession, newSessionLists, signOutSessions } from "../../stores/sessions.ts";
import { nameOfSession } from "./SessionRow.tsx";
import styles from "./Sessions.module.css";

/** Sessions that were not there before, each with the question whose it is. Nothing when there are none. */
export function NewSessions({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const { answer: news } = newSessionLists.use(accountId);
  const [suspect, setSuspect] = useState<Session | null>(null);
  const mine = useAction((deviceId: string) => answerNewSession(accountId, deviceId, "mine"));
  useEffect(() => void newSessionLists.load(accountId), [accountId]);
  if (!suspect && (!news || news.length === 0)) return null;
  return (
    <Section title={t("newSessions.title", { count: news?.length ?? 0 })}>
      {mine.error && <ErrorText error={mine.error} />}
      <Rows label={t("newSessions.title", { count: news?.length ?? 0 })}>
        {(news ?? []).map((one) => (
          <Row
            key={one.session.deviceId}
            icon={<MonitorSmartphone size={20} aria-hidden />}
            title={nameOfSession(one.session)}
            text={sentence(one)}
            end={
              <>
                <Button small busy={mine.busy} onPress={() => void mine.run(one.session.deviceId)}>
                  {t("newSessions.mine")}
                </Button>
                <Button small onPress={() => setSuspect(one.session)}>
                  {t("newSessions.notMine")}
                </Button>
              </>
            }
          />
        ))}
      </Rows>
      {suspect && (
        <DialogBoundary onClose={() => setSuspect(null)}>
          <NotMineDialog account={account} session={suspect} onClose={() => setSuspect(null)} />
        </DialogBoundary>
      )}
    </Section>
  );
}

function sentence({ session, noticedAt }: NewSession): string {
  const facts = [
    t("newSessions.noticed", { when: momentText(noticedAt) }),
    session.lastSeenIp ? t("newSessions.from", { ip: session.lastSeenIp }) : "",
    t(session.verification === "verified" ? "newSessions.verified" : "newSessions.unverified"),
  ];
  return facts.filter((fact) => fact !== "").join(" ");
}

interface NotMineProps {
  readonly account: Account;
  readonly session: Session;
  readonly onClose: () => void;
}

/** What to do about a stranger's session, in the order in which it helps, each step with what it costs. */
function NotMineDialog({ account, session, onClose }: NotMineProps) {
  const { accountId } = account;
  const [gone, setGone] = useState(false);
  const signOut = useAction(async () => {
    await signOutSessions(accountId, [session.deviceId]);
    await answerNewSession(accountId, session.deviceId, "not_mine");
    setGone(true);
  });
  const open = (page: AccountPage): void => {
    onClose();
    go({ name: "account", accountId, page });
  };
  return (
    <Dialog
      title={t("newSessions.notMineTitle")}
      onClose={onClose}
      wide
      actions={<Button onPress={onClose}>{t(gone ? "common.done" : "common.cancel")}</Button>}
    >
      <p>{t("newSessions.notMineText", { name: nameOfSession(session) })}</p>
      <ol className={styles["steps"]}>
        <li>
          <p>{t("newSessions.signOutText")}</p>
          {gone ? (
            <p role="status">{t("newSessions.signedOut")}</p>
          ) : (
            <Button look="danger" busy={signOut.busy} onPress={() => void signOut.run()}>
              {t("newSessions.signOut")}
            </Button>
          )}
          {signOut.error && signOut.error.kind !== "challenge_cancelled" && <ErrorText error={signOut.error} />}
        </li>
        <li>
          <p>{t("newSessions.passwordText")}</p>
          <Button onPress={() => open("passwordAndRecovery")}>{t("newSessions.password")}</Button>
        </li>
        <li>
          <p>{t(session.verification === "verified" ? "newSessions.resetNeeded" : "newSessions.resetText")}</p>
          <Button onPress={() => open("secureBackup")}>{t("newSessions.reset")}</Button>
        </li>
      </ol>
    </Dialog>
  );
}
