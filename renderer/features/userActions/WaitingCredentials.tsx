import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Credentials } from "../../../shared/contract/newUsers.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { forgetCredentials, waitingCredentials } from "../../stores/credentials.ts";
import { CredentialsSlip } from "./CredentialsSlip.tsx";

/** Passwords that were set and not handed out yet, as after a dialog was closed early or the app ended. */
export function WaitingCredentials({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const { answer: waiting } = waitingCredentials.use(accountId);
  const [shown, setShown] = useState<Credentials["credentialsId"] | null>(null);
  useEffect(() => void waitingCredentials.load(accountId), [accountId]);
  const close = (): void => setShown(null);
  return (
    <>
      {(waiting ?? []).map(({ credentialsId, userId, isSet }) => (
        <Notice
          key={credentialsId}
          tone="info"
          actions={
            <Button small onPress={() => setShown(credentialsId)}>
              {t("credentials.show")}
            </Button>
          }
        >
          {t(isSet ? "credentials.waiting" : "credentials.waitingUnknown", { userId })}
        </Notice>
      ))}
      {shown && (
        <DialogBoundary onClose={close}>
          <CredentialsDialog account={account} credentialsId={shown} onClose={close} />
        </DialogBoundary>
      )}
    </>
  );
}

interface CredentialsDialogProps {
  readonly account: Account;
  readonly credentialsId: Credentials["credentialsId"];
  readonly onClose: () => void;
}

function CredentialsDialog({ account, credentialsId, onClose }: CredentialsDialogProps) {
  const done = useAction(async () => {
    await forgetCredentials(account.accountId, credentialsId);
    onClose();
  });
  return (
    <Dialog
      title={t("credentials.title")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={done.busy} onPress={() => void done.run()}>
            {t("credentials.handedOut")}
          </Button>
          <Button onPress={onClose}>{t("common.later")}</Button>
        </>
      }
    >
      <CredentialsSlip account={account} credentialsId={credentialsId} />
      {done.error && <ErrorText error={done.error} />}
    </Dialog>
  );
}
