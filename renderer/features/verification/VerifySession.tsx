import { RotateCcw } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { intend } from "../../stores/secureBackup.ts";
import { startVerification } from "../../stores/verifications.ts";
import styles from "./Verification.module.css";

interface VerifySessionProps {
  readonly account: Account;
  /** Shown right after signing in, so that it can be put off. */
  readonly offered: boolean;
  /** How the Security Key or Phrase is handed in, or why it cannot be. */
  readonly children: ReactNode;
}

/** The ways to verify this session, each with the reason where it cannot work. */
export function VerifySession({ account: { accountId }, offered, children }: VerifySessionProps) {
  return (
    <>
      <Section title={t("verification.choose.another")}>
        <AnotherSession accountId={accountId} />
      </Section>
      <Section title={t("verification.choose.key")}>{children}</Section>
      <Section title={t("verification.choose.lost")}>
        <div className={styles["way"]}>
          <p>{t("backup.replace.textResetOnly")}</p>
          <Button icon={RotateCcw} onPress={() => intend(accountId, "reset")}>
            {t("backup.replace.reset")}
          </Button>
        </div>
      </Section>
      {offered && <Later accountId={accountId} />}
    </>
  );
}

interface Candidates {
  readonly otherSessions: number;
  readonly verified: readonly { readonly deviceId: string; readonly name: string | null }[];
}

function AnotherSession({ accountId }: Pick<Account, "accountId">) {
  const [candidates, setCandidates] = useState<Candidates | null>(null);
  const look = useAction(async () => setCandidates(await steward.verifications.candidates({ accountId })));
  const ask = useAction(() => startVerification(accountId, null));
  const { run: lookOnce } = look;
  useEffect(() => {
    void lookOnce();
    // What there is belongs to the moment the page was opened; a button looks again.
  }, [accountId, lookOnce]);
  const lookAgain = (
    <Button small busy={look.busy} onPress={() => void look.run()}>
      {t("verification.choose.lookAgain")}
    </Button>
  );
  if (!candidates) {
    return look.error ? (
      <ErrorText error={look.error} actions={lookAgain} />
    ) : (
      <Skeleton label={t("verification.choose.looking")} lines={2} />
    );
  }
  const { otherSessions, verified } = candidates;
  if (verified.length === 0) {
    return (
      <Notice tone="info" actions={lookAgain}>
        {otherSessions === 0 ? t("verification.choose.anotherNone") : t("verification.choose.anotherUnverified", { count: otherSessions })}
      </Notice>
    );
  }
  const names = verified.map(({ name, deviceId }) => name ?? deviceId);
  return (
    <div className={styles["way"]}>
      <p>{t("verification.choose.anotherText")}</p>
      <p className={styles["quiet"]}>
        {names.length > 3
          ? t("verification.choose.namesMore", { names: names.slice(0, 3).join(", "), count: names.length - 3 })
          : t("verification.choose.names", { names: names.join(", ") })}
      </p>
      {ask.error && <ErrorText error={ask.error} />}
      <Button look="primary" busy={ask.busy} onPress={() => void ask.run()}>
        {t("verification.choose.ask")}
      </Button>
    </div>
  );
}

/** Leaving the session unverified needs a second yes, with what it means. */
function Later({ accountId }: Pick<Account, "accountId">) {
  const [asked, setAsked] = useState(false);
  const leave = (): void => go({ name: "account", accountId, page: "overview" });
  if (!asked) {
    return (
      <Buttons>
        <Button look="quiet" onPress={() => setAsked(true)}>
          {t("common.later")}
        </Button>
      </Buttons>
    );
  }
  return (
    <Notice
      tone="warn"
      live
      actions={
        <>
          <Button small autoFocus onPress={() => setAsked(false)}>
            {t("verification.choose.laterNo")}
          </Button>
          <Button small onPress={leave}>
            {t("verification.choose.laterYes")}
          </Button>
        </>
      }
    >
      {t("verification.choose.laterText")}
    </Notice>
  );
}
