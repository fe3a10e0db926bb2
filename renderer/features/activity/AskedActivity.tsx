import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Activity } from "../../../shared/contract/activity.ts";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { MineOrNot } from "../../components/MineOrNot.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { activities, answerActivity } from "../../stores/activity.ts";
import { type AccountPage, go } from "../../stores/routes.ts";
import { ActivityIcon } from "./ActivityIcon.tsx";
import { activityTitle, betweenText } from "./activityWords.ts";
import { NotMineDialog } from "./NotMineDialog.tsx";

/** What happened elsewhere, each with the question whether it was the person. Nothing when there is none. */
export function AskedActivity({ account: { accountId } }: { readonly account: Account }) {
  const { answer } = activities.use(accountId);
  const [suspect, setSuspect] = useState<Activity | null>(null);
  const mine = useAction((activityId: string) => answerActivity(accountId, activityId, "mine"));
  useEffect(() => void activities.load(accountId), [accountId]);
  const asked = (answer ?? []).filter((one) => one.asked && one.answer === null);
  if (asked.length === 0 && !suspect) return null;
  return (
    <Section title={t("activity.asked")}>
      {mine.error && <ErrorText error={mine.error} />}
      <Rows label={t("activity.asked")}>
        {asked.map((one) => (
          <Row
            key={one.activityId}
            icon={<ActivityIcon kind={one.kind} />}
            title={activityTitle(one)}
            text={betweenText(one)}
            end={<MineOrNot busy={mine.busy} onMine={() => void mine.run(one.activityId)} onNotMine={() => setSuspect(one)} />}
          />
        ))}
      </Rows>
      {suspect && (
        <DialogBoundary onClose={() => setSuspect(null)}>
          <SuspectDialog accountId={accountId} suspect={suspect} onClose={() => setSuspect(null)} />
        </DialogBoundary>
      )}
    </Section>
  );
}

interface SuspectProps {
  readonly accountId: Account["accountId"];
  readonly suspect: Activity;
  readonly onClose: () => void;
}

/** Leads to the pages where somebody else can be shut out again. */
function SuspectDialog({ accountId, suspect, onClose }: SuspectProps) {
  const open = useAction(async (page: AccountPage) => {
    await answerActivity(accountId, suspect.activityId, "not_mine");
    onClose();
    go({ name: "account", accountId, page });
  });
  const steps = [
    ...signInStep(suspect),
    { page: "sessions", text: t("activity.notMine.sessionsText"), button: t("activity.notMine.sessions") },
    ...addressStep(suspect),
    { page: "passwordAndRecovery", text: t("newSessions.passwordText"), button: t("newSessions.password") },
    { page: "secureBackup", text: t("activity.notMine.resetText"), button: t("newSessions.reset") },
  ] as const;
  return (
    <NotMineDialog
      text={activityTitle(suspect)}
      steps={steps.map(({ page, text, button }) => ({ text, button, busy: open.busy, onPress: () => void open.run(page) }))}
      error={open.error}
      onClose={onClose}
    />
  );
}

/** Nothing else can be done in a session that has ended. */
function signInStep({ kind }: Activity) {
  if (kind !== "session_ended") return [];
  return [{ page: "overview", text: t("activity.notMine.signInText"), button: t("activity.notMine.signIn") }] as const;
}

/** An address that somebody else has added resets the password too, so it goes before the password is changed. */
function addressStep({ kind }: Activity) {
  if (kind !== "email_added" && kind !== "email_removed") return [];
  return [{ page: "passwordAndRecovery", text: t(`activity.notMine.text.${kind}`), button: t("activity.notMine.addresses") }] as const;
}
