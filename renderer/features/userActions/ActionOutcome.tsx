import type { Account } from "../../../shared/contract/accounts.ts";
import type { ActionPreview, ActionResult } from "../../../shared/contract/userActions.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { forgetCredentials } from "../../stores/credentials.ts";
import { CredentialsSlip } from "./CredentialsSlip.tsx";

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
      {credentialsId !== null && <CredentialsSlip account={account} credentialsId={credentialsId} />}
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
            {t(`userActions.${action}.done`, { userId, until: result.until === null ? "" : dateText(result.until) })}
          </Notice>
          {result.roomsLeft !== null && result.roomsLeft > 0 && (
            <Notice tone="warn">{t("userActions.roomsLeft", { count: result.roomsLeft })}</Notice>
          )}
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
            {t(result.status === "still_running" ? "userActions.stillRunning" : action === "reset_password" ? "userActions.reset_password.unknown" : "userActions.unknown")}
          </Notice>
        </>
      );
  }
}
