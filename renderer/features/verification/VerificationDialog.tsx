import { useEffect, useRef } from "react";
import type { Verification, VerificationIn } from "../../../shared/contract/verifications.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons } from "../../components/Page.tsx";
import { QrCode } from "../../components/QrCode.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Spinner } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccount } from "../../stores/accounts.ts";
import { dismissVerification } from "../../stores/verifications.ts";
import { Cancelled, Outcome } from "./EndSteps.tsx";
import { TimeLeft } from "./TimeLeft.tsx";
import styles from "./Verification.module.css";
import { emojiName, otherSessionName } from "./verificationWords.ts";

/** Leads through a verification. The conversation itself lives in main. */
export function VerificationDialog({ verification }: { readonly verification: Verification }) {
  const { verificationId, accountId, phase, subject } = verification;
  const account = useAccount(accountId);
  const leave = useAction(async () => {
    if (phase === "done" || phase === "cancelled") await dismissVerification(verificationId);
    else if (phase !== "checking") await steward.verifications.cancel({ verificationId });
  });
  return (
    <Dialog title={t(`verification.title.${subject}`)} wide onClose={() => void leave.run()}>
      <p className={styles["quiet"]}>
        <ServerText>{account ? `${nameOf(account)} · ${account.userId}` : ""}</ServerText>
      </p>
      <FocusedStep key={`${verificationId} ${phase}`}>
        <Step verification={verification} onLeave={() => void leave.run()} />
      </FocusedStep>
      {leave.error && <ErrorText error={leave.error} />}
    </Dialog>
  );
}

/** What had the focus is gone with the step before; each step takes it, so that it is read. */
function FocusedStep({ children }: { readonly children: React.ReactNode }) {
  const step = useRef<HTMLDivElement>(null);
  useEffect(() => step.current?.focus(), []);
  return (
    <div className={styles["step"]} ref={step} tabIndex={-1}>
      {children}
    </div>
  );
}

interface LeavableStepProps<P extends Verification["phase"]> {
  readonly verification: VerificationIn<P>;
  readonly onLeave: () => void;
}

function Step({ verification, onLeave }: LeavableStepProps<Verification["phase"]>) {
  switch (verification.phase) {
    case "requested":
      return (
        <Waiting verification={verification} onLeave={onLeave}>
          {t(verification.deviceId ? "verification.requested" : "verification.requestedAny", {
            session: otherSessionName(verification),
          })}
        </Waiting>
      );
    case "ready":
      return <Ready verification={verification} onLeave={onLeave} />;
    case "comparing":
      return <Comparing verification={verification} />;
    case "qr_scanned":
      return <Scanned verification={verification} onLeave={onLeave} />;
    case "waiting_for_other":
      return (
        <Waiting verification={verification} onLeave={onLeave}>
          {t("verification.waiting", { session: otherSessionName(verification) })}
        </Waiting>
      );
    case "checking":
    case "done":
      return <Outcome verification={verification} onLeave={onLeave} />;
    case "cancelled":
      return <Cancelled verification={verification} onLeave={onLeave} />;
  }
}

function Waiting({
  verification,
  onLeave,
  children,
}: LeavableStepProps<"requested" | "waiting_for_other"> & { readonly children: string }) {
  return (
    <>
      <p className={styles["waiting"]} role="status">
        <Spinner /> <span>{children}</span>
      </p>
      <TimeLeft until={verification.expiresAt} />
      <Buttons>
        <Button onPress={onLeave}>{t("common.cancel")}</Button>
      </Buttons>
    </>
  );
}

function Ready({ verification, onLeave }: LeavableStepProps<"ready">) {
  const { verificationId, sas, qr } = verification;
  const session = otherSessionName(verification);
  const compare = useAction(() => steward.verifications.chooseSas({ verificationId }));
  const withCode = qr !== null;
  return (
    <>
      {withCode && (
        <>
          <p>{t("verification.scan", { session })}</p>
          <QrCode qr={qr} label={t("verification.qrLabel")} />
        </>
      )}
      <p>{t(withCode ? "verification.compareInstead" : "verification.compareOnly", { session })}</p>
      {compare.error && <ErrorText error={compare.error} />}
      <Buttons>
        {sas && (
          <Button look={withCode ? "plain" : "primary"} busy={compare.busy} onPress={() => void compare.run()}>
            {t("verification.compare")}
          </Button>
        )}
        <Button onPress={onLeave}>{t("common.cancel")}</Button>
      </Buttons>
      <TimeLeft until={verification.expiresAt} />
    </>
  );
}

function Comparing({ verification }: Pick<LeavableStepProps<"comparing">, "verification">) {
  const { verificationId, emoji, decimals, expiresAt } = verification;
  const confirm = useAction(() => steward.verifications.confirmMatch({ verificationId }));
  const reject = useAction(() => steward.verifications.rejectMatch({ verificationId }));
  const error = confirm.error ?? reject.error;
  return (
    <>
      <p>{t(emoji ? "verification.sameEmoji" : "verification.sameNumbers", { session: otherSessionName(verification) })}</p>
      {emoji && (
        <ol className={styles["emoji"]} aria-label={t("verification.emojiLabel")}>
          {emoji.map(({ symbol, number }, index) => (
            <li key={index}>
              <span className={styles["symbol"]} aria-hidden>
                {symbol}
              </span>
              <span>{emojiName(number)}</span>
            </li>
          ))}
        </ol>
      )}
      <p className={styles["numbers"]}>
        <span className={styles["quiet"]}>{t(emoji ? "verification.orNumbers" : "verification.numbers")}</span>{" "}
        <span className={styles["digits"]}>{decimals.map(String).join(" ")}</span>
      </p>
      {error && <ErrorText error={error} />}
      <Buttons>
        <Button look="primary" busy={confirm.busy} onPress={() => void confirm.run()}>
          {t("verification.match")}
        </Button>
        <Button look="danger" busy={reject.busy} onPress={() => void reject.run()}>
          {t("verification.noMatch")}
        </Button>
      </Buttons>
      <TimeLeft until={expiresAt} />
    </>
  );
}

function Scanned({ verification, onLeave }: LeavableStepProps<"qr_scanned">) {
  const { verificationId, expiresAt } = verification;
  const confirm = useAction(() => steward.verifications.confirmScanned({ verificationId }));
  return (
    <>
      <p>{t("verification.scanned", { session: otherSessionName(verification) })}</p>
      {confirm.error && <ErrorText error={confirm.error} />}
      <Buttons>
        <Button look="primary" busy={confirm.busy} onPress={() => void confirm.run()}>
          {t("verification.scannedYes")}
        </Button>
        <Button look="danger" onPress={onLeave}>
          {t("verification.scannedNo")}
        </Button>
      </Buttons>
      <TimeLeft until={expiresAt} />
    </>
  );
}
