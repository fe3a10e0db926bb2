import { MonitorSmartphone } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { NewSession, Session } from "../../../shared/contract/devices.ts";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { MineOrNot } from "../../components/MineOrNot.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { type AccountPage, go } from "../../stores/routes.ts";
import { answerNewSession, newSessionLists, signOutSessions } from "../../stores/sessions.ts";
import { NotMineDialog } from "../activity/NotMineDialog.tsx";
import { nameOfSession } from "./SessionRow.tsx";

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
              <MineOrNot busy={mine.busy} onMine={() => void mine.run(one.session.deviceId)} onNotMine={() => setSuspect(one.session)} />
            }
          />
        ))}
      </Rows>
      {suspect && (
        <DialogBoundary onClose={() => setSuspect(null)}>
          <SuspectDialog account={account} session={suspect} onClose={() => setSuspect(null)} />
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

interface SuspectProps {
  readonly account: Account;
  readonly session: Session;
  readonly onClose: () => void;
}

/** Signs a stranger's session out, and leads to what else helps. */
function SuspectDialog({ account: { accountId }, session, onClose }: SuspectProps) {
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
    <NotMineDialog
      text={t("newSessions.notMineText", { name: nameOfSession(session) })}
      steps={[
        {
          text: t("newSessions.signOutText"),
          button: t("newSessions.signOut"),
          look: "danger",
          busy: signOut.busy,
          onPress: () => void signOut.run(),
          done: gone ? t("newSessions.signedOut") : null,
          error: signOut.error?.kind === "challenge_cancelled" ? null : signOut.error,
        },
        { text: t("newSessions.passwordText"), button: t("newSessions.password"), busy: false, onPress: () => open("passwordAndRecovery") },
        {
          text: t(session.verification === "verified" ? "newSessions.resetNeeded" : "newSessions.resetText"),
          button: t("newSessions.reset"),
          busy: false,
          onPress: () => open("secureBackup"),
        },
      ]}
      onClose={onClose}
    />
  );
}
