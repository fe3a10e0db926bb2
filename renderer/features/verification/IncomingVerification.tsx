import { MonitorSmartphone } from "lucide-react";
import type { Verification } from "../../../shared/contract/verifications.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccount } from "../../stores/accounts.ts";
import { isWaitingForPerson, useVerifications, verificationDismissed } from "../../stores/verifications.ts";
import styles from "./Incoming.module.css";
import { otherSessionName } from "./verificationWords.ts";

/**
 * What other sessions ask, over whatever page or dialog is shown: whoever asks waits ten minutes at most. The place is
 * there before the first asks, so that it is read.
 */
export function IncomingVerifications() {
  const open = useVerifications((state) => state.open);
  return (
    // The attribute tells open dialogs to leave this usable (react-aria's own toasts do the same).
    <div className={styles["incoming"]} role="status" data-react-aria-top-layer="true">
      {open.filter(isWaitingForPerson).map((verification) => (
        <Incoming key={verification.verificationId} verification={verification} />
      ))}
    </div>
  );
}

function Incoming({ verification }: { readonly verification: Verification }) {
  const { verificationId, accountId, subject } = verification;
  const account = useAccount(accountId);
  const accept = useAction(() => steward.verifications.accept({ verificationId }));
  const decline = useAction(async () => {
    await steward.verifications.cancel({ verificationId });
    verificationDismissed(verificationId);
  });
  const error = accept.error ?? decline.error;
  return (
    <section className={styles["card"]} aria-label={t("verification.incomingTitle")}>
      <MonitorSmartphone size={20} aria-hidden />
      <div className={styles["body"]}>
        <h2 className={styles["title"]}>{t("verification.incomingTitle")}</h2>
        <p>
          {t(`verification.incoming.${subject}`, {
            session: otherSessionName(verification),
            account: account ? nameOf(account) : "",
            userId: account?.userId ?? "",
          })}
        </p>
        <p className={styles["quiet"]}>{t("verification.incomingNote")}</p>
        {error && <ErrorText error={error} />}
        <Buttons>
          <Button small look="primary" busy={accept.busy} onPress={() => void accept.run()}>
            {t("verification.accept")}
          </Button>
          <Button small busy={decline.busy} onPress={() => void decline.run()}>
            {t("verification.decline")}
          </Button>
        </Buttons>
      </div>
    </section>
  );
}
