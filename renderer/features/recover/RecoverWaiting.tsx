import { useEffect, useState } from "react";
import type { Recovery } from "../../../shared/contract/recovery.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Countdown, ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

/** How long no link may be used before it is worth a word, in milliseconds. */
const SLOW_MS = 3 * 60_000;

interface RecoverWaitingProps {
  readonly recovery: Extract<Recovery, { status: "waiting" }>;
  readonly server: string;
  readonly onChange: () => void;
}

/** Waits for the link in the mail to be used: it is noticed by itself. */
export function RecoverWaiting({ recovery, server, onChange }: RecoverWaitingProps) {
  const { recoveryId, address, mails, sentAt, resendAfter, checking, notUsedYet, expired, problem } = recovery;
  const slow = useIsPast(sentAt + SLOW_MS);
  const resendPast = useIsPast(resendAfter ?? 0);
  const mayResend = resendAfter === null || resendPast;
  const resend = useAction(() => steward.recovery.resend({ recoveryId }));
  const verified = useAction(() => steward.recovery.verified({ recoveryId }));
  const cancel = useAction(() => steward.recovery.cancel({ recoveryId }));
  return (
    <Section title={t("recover.check")}>
      <Notice tone="info">{t("recover.sent", { server, address })}</Notice>
      <p>{t("recover.once")}</p>
      {mails > 1 && <p role="status">{t("recover.resent", { count: mails })}</p>}
      {expired && (
        <Notice tone="warn" live>
          {t("recover.expired")}
        </Notice>
      )}
      {notUsedYet && (
        <Notice tone="warn" live>
          {t("recover.notUsedYet")}
        </Notice>
      )}
      {slow && !expired && <p role="status">{t("recover.slow", { server })}</p>}
      {problem && <ErrorText key={JSON.stringify(problem)} error={problem} />}
      {!mayResend && <ResendLater key={resendAfter} until={resendAfter} />}
      {resend.error && resend.error.kind !== "rate_limited" && <ErrorText error={resend.error} />}
      {verified.error && <ErrorText error={verified.error} />}
      {cancel.error && <ErrorText error={cancel.error} />}
      <Buttons
        end={
          <Button look="quiet" busy={cancel.busy} onPress={() => void cancel.run()}>
            {t("recover.cancel")}
          </Button>
        }
      >
        <Button look="primary" busy={checking || verified.busy} autoFocus onPress={() => void verified.run()}>
          {t(checking ? "recover.checking" : "recover.verified")}
        </Button>
        <Button busy={resend.busy} isDisabled={!mayResend} onPress={() => void resend.run()}>
          {t("recover.resend")}
        </Button>
        <Button onPress={onChange}>{t("recover.change")}</Button>
      </Buttons>
    </Section>
  );
}

function ResendLater({ until }: { readonly until: number }) {
  const [milliseconds] = useState(() => until - Date.now());
  return (
    <Notice tone="warn">
      {t("recover.resendLater")} <Countdown milliseconds={milliseconds} />
    </Notice>
  );
}

/** Whether a moment is over, in milliseconds since 1970. It is drawn anew when it comes. */
function useIsPast(moment: number): boolean {
  const [past, setPast] = useState<number | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setPast(moment), Math.max(0, moment - Date.now()));
    return () => clearTimeout(timer);
  }, [moment]);
  return past === moment;
}
