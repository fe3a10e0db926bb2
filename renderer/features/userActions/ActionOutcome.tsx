import type { Account } from "../../../shared/contract/accounts.ts";
import type { ActionPreview, ActionResult } from "../../../shared/contract/userActions.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { forgetCredentials } from "../../stores/credentials.ts";
import { CredentialsSlip } from "./CredentialsSlip.tsx";
import styles from "./UserActions.module.css";

interface ActionOutcomeProps {
  readonly account: Account;
  readonly preview: ActionPreview;
  readonly result: ActionResult;
  readonly title: string;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** What came of an action, and the password to hand out where there is one. */
export function ActionOutcome({ account, preview, result, title, onAgain, onClose }: ActionOutcomeProps) {
  const { accountId } = account;
  const credentialsId = result.status === "done" || result.status === "unknown" ? result.credentialsId : null;
  const done = useAction(async () => {
    if (credentialsId !== null) await forgetCredentials(accountId, credentialsId);
    onClose();
  });
  const canRetry = result.status === "changed" || result.status === "still_running" || result.status === "unknown";
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={done.busy} onPress={() => void done.run()}>
            {t(credentialsId === null ? "common.close" : "credentials.handedOut")}
          </Button>
          {canRetry && <Button onPress={onAgain}>{t("userActions.lookAgain")}</Button>}
        </>
      }
    >
      <Said preview={preview} result={result} />
      {credentialsId !== null && (
        <CredentialsSlip account={account} credentialsId={credentialsId} identityUntil={result.status === "done" ? result.until : null} />
      )}
      {done.error && <ErrorText error={done.error} />}
    </Dialog>
  );
}

function Said({ preview, result }: Pick<ActionOutcomeProps, "preview" | "result">) {
  const { action, user } = preview;
  const { userId } = user;
  switch (result.status) {
    case "done":
      return (
        <>
          <Notice tone="success" live>
            {t(`userActions.${action}.done`, {
              userId,
              count: result.media?.deleted ?? 0,
              until: result.until === null ? "" : dateText(result.until),
            })}
          </Notice>
          {result.roomsLeft !== null && result.roomsLeft > 0 && (
            <Notice tone="warn">{t("userActions.roomsLeft", { count: result.roomsLeft })}</Notice>
          )}
          {action === "help" && <HelpedWith result={result} />}
          {result.sessionsLeft && <Notice tone="warn">{t("userActions.sessionsLeft")}</Notice>}
          {result.media !== null && <MediaLeft media={result.media} />}
          {result.nameLost && <Notice tone="warn">{t("userActions.reactivate.nameLost")}</Notice>}
        </>
      );
    case "changed":
      return (
        <Notice tone="warn" live>
          {t("userActions.changed", { userId })}
        </Notice>
      );
    case "without_effect":
      return (
        <Notice tone="error" live>
          {t("userActions.withoutEffect")}
        </Notice>
      );
    case "no_identity":
      return (
        <Notice tone="info" live>
          {t("userActions.allow_new_identity.none", { userId })}
        </Notice>
      );
    default:
      return (
        <>
          <ErrorText error={result.error} />
          <Notice tone="warn">
            {t(
              result.status === "still_running"
                ? "userActions.stillRunning"
                : action === "reset_password" || action === "help"
                  ? "userActions.reset_password.unknown"
                  : "userActions.unknown",
            )}
          </Notice>
        </>
      );
  }
}

type Done = Extract<ActionResult, { status: "done" }>;

/** What came of the parts of helping that come after the password. */
function HelpedWith({ result: { identity, until, unlocked } }: { readonly result: Done }) {
  return (
    <>
      {identity === "allowed" && until !== null && (
        <Notice tone="info">{t("userActions.help.identityAllowed", { until: dateText(until) })}</Notice>
      )}
      {identity === "none" && <Notice tone="info">{t("userActions.help.identityNone")}</Notice>}
      {identity === "failed" && <Notice tone="warn">{t("userActions.help.identityFailed")}</Notice>}
      {unlocked === true && <Notice tone="info">{t("userActions.help.unlocked")}</Notice>}
      {unlocked === false && <Notice tone="warn">{t("userActions.help.unlockFailed")}</Notice>}
    </>
  );
}

function MediaLeft({ media: { left, leftNames } }: { readonly media: NonNullable<Done["media"]> }) {
  if (left === 0) return null;
  return (
    <>
      <Notice tone="warn">{t("userActions.delete_uploads.left", { count: left })}</Notice>
      <ul className={styles["list"]} aria-label={t("userActions.delete_uploads.leftList")}>
        {leftNames.map((name, index) => (
          <li key={index}>
            <ServerText>{name}</ServerText>
          </li>
        ))}
      </ul>
    </>
  );
}
