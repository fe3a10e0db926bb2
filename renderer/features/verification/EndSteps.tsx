import { CircleAlert, CircleCheck } from "lucide-react";
import type { VerificationCheck, VerificationIn } from "../../../shared/contract/verifications.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { Spinner } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { dismissVerification, startVerification } from "../../stores/verifications.ts";
import styles from "./Verification.module.css";
import { canAskAgain, endAdvice, endSentence, otherSessionName } from "./verificationWords.ts";

interface EndStepProps<P extends "checking" | "done" | "cancelled"> {
  readonly verification: VerificationIn<P>;
  readonly onLeave: () => void;
}

/** What was checked after both sides have agreed, and what to do about what is missing. */
export function Outcome({ verification, onLeave }: EndStepProps<"checking" | "done">) {
  const { accountId, phase, checks, subject } = verification;
  const done = phase === "done";
  const missing = checks.some(({ status }) => status === "missing");
  const params = { session: otherSessionName(verification) };
  const openBackup = (): void => {
    onLeave();
    go({ name: "account", accountId, page: "secureBackup" });
  };
  return (
    <>
      {done ? (
        <Notice tone={missing ? "warn" : "success"} live>
          {missing ? t(`verification.outcomeMissing.${subject}`, params) : t(`verification.outcome.${subject}`, params)}
        </Notice>
      ) : (
        <p role="status">{t("verification.checking")}</p>
      )}
      <ul className={styles["checks"]} aria-label={t("verification.checksLabel")}>
        {checks.map((check) => (
          <li key={check.check}>
            <Mark status={check.status} />
            <span>{t(`verification.check.${check.check}`)}</span>
            <span className={styles["quiet"]}>{t(`verification.checkStatus.${check.status}`)}</span>
          </li>
        ))}
      </ul>
      {done && (
        <Buttons>
          {missing && subject === "this_session" && (
            <Button look="primary" onPress={openBackup}>
              {t("verification.openBackup")}
            </Button>
          )}
          <Button look={missing ? "plain" : "primary"} onPress={onLeave}>
            {t(missing ? "common.close" : "common.done")}
          </Button>
        </Buttons>
      )}
    </>
  );
}

function Mark({ status }: Pick<VerificationCheck, "status">) {
  if (status === "running") return <Spinner />;
  const Icon = status === "done" ? CircleCheck : CircleAlert;
  return <Icon size={16} aria-hidden className={styles[status]} />;
}

/** Why it ended without success. */
export function Cancelled({ verification, onLeave }: EndStepProps<"cancelled">) {
  const { verificationId, accountId, deviceId, cancelled } = verification;
  const again = useAction(async () => {
    await startVerification(accountId, deviceId);
    await dismissVerification(verificationId);
  });
  const advice = endAdvice(verification);
  const alarming = cancelled.reason === "mismatch" || cancelled.reason === "key_mismatch";
  return (
    <>
      <Notice tone={alarming ? "error" : "info"} live>
        {endSentence(verification)} {advice} {t("verification.nothingChanged")}
      </Notice>
      {again.error && <ErrorText error={again.error} />}
      <Buttons>
        {canAskAgain(verification) && (
          <Button look="primary" busy={again.busy} onPress={() => void again.run()}>
            {t("common.retry")}
          </Button>
        )}
        <Button onPress={onLeave}>{t("common.close")}</Button>
      </Buttons>
    </>
  );
}
