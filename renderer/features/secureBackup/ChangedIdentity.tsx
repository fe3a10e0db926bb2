import { MonitorCheck, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { acceptIdentity, intend } from "../../stores/secureBackup.ts";

interface ChangedIdentityProps {
  readonly account: Account;
  /** The public master key that the server gives now. */
  readonly master: string;
}

/** The server gives another identity: what that means, and the two ways out of it. */
export function ChangedIdentity({ account, master }: ChangedIdentityProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Notice tone="error" live>
        {t("backup.diagnosis.identity_changed")}
      </Notice>
      <Section title={t("backup.changed.mineTitle")}>
        <p>{t("backup.changed.mineText")}</p>
        <Buttons>
          <Button icon={MonitorCheck} look="primary" onPress={() => setAsking(true)}>
            {t("backup.changed.mine")}
          </Button>
        </Buttons>
      </Section>
      <Section title={t("backup.changed.notMineTitle")}>
        <p>{t("backup.changed.notMineText")}</p>
        <Buttons>
          <Button icon={RotateCcw} look="danger" onPress={() => intend(account.accountId, "reset")}>
            {t("backup.replace.reset")}
          </Button>
        </Buttons>
      </Section>
      {asking && <AcceptDialog account={account} master={master} onClose={() => setAsking(false)} />}
    </>
  );
}

function AcceptDialog({ account, master, onClose }: ChangedIdentityProps & { readonly onClose: () => void }) {
  const accept = useAction(async () => {
    await acceptIdentity(account.accountId, master);
    onClose();
    focusPageTitle();
  });
  return (
    <Dialog
      title={t("backup.changed.askTitle")}
      onClose={() => !accept.busy && onClose()}
      alert
      actions={
        <>
          <Button look="danger" busy={accept.busy} onPress={() => void accept.run()}>
            {t("backup.changed.askYes")}
          </Button>
          <Button autoFocus isDisabled={accept.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <p>{t("backup.changed.askText")}</p>
      {accept.error && <ErrorText error={accept.error} />}
    </Dialog>
  );
}
