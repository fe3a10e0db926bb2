import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Credentials } from "../../../shared/contract/newUsers.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { CredentialsSlip } from "./CredentialsSlip.tsx";

type Waiting = Omit<Credentials, "password">;

/** Passwords that were set and not handed out yet, as after a dialog was closed early or the app ended. */
export function WaitingCredentials({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const [waiting, setWaiting] = useState<readonly Waiting[]>([]);
  const [shown, setShown] = useState<Waiting | null>(null);
  const look = useAction(async () => setWaiting((await steward.newUsers.waitingCredentials({ accountId })).waiting));
  const { run } = look;
  useEffect(() => void run(), [run]);
  const close = (): void => {
    setShown(null);
    void run();
  };
  return (
    <>
      {waiting.map((one) => (
        <Notice
          key={one.credentialsId}
          tone="info"
          actions={
            <Button small onPress={() => setShown(one)}>
              {t("credentials.show")}
            </Button>
          }
        >
          {t("credentials.waiting", { userId: one.userId })}
        </Notice>
      ))}
      {shown && (
        <DialogBoundary onClose={close}>
          <CredentialsDialog account={account} credentialsId={shown.credentialsId} onClose={close} />
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
    await steward.newUsers.forgetCredentials({ accountId: account.accountId, credentialsId });
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
