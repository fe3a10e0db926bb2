import { Mail, Phone } from "lucide-react";
import { useEffect, useState } from "react";
import type { AccountAddress, AccountAddresses } from "../../../shared/contract/addresses.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { AddEmail } from "./AddEmail.tsx";
import { AddPhone } from "./AddPhone.tsx";
import { accountAddresses, removeAddress } from "../../stores/addresses.ts";
import { shownAddress } from "./shownAddress.ts";
import { VanishedEmails } from "./VanishedEmails.tsx";

/** The email addresses and phone numbers on the account, and taking them off. */
export function Addresses({ accountId, delegated }: { readonly accountId: AccountId; readonly delegated: boolean }) {
  const { answer, error } = accountAddresses.use(accountId);
  useEffect(() => void accountAddresses.load(accountId), [accountId]);
  const retry = <Button onPress={() => void accountAddresses.load(accountId)}>{t("common.retry")}</Button>;
  return (
    <Section title={t("addresses.title")}>
      {error && <ErrorText error={error} actions={retry} />}
      {!answer && !error && <Skeleton label={t("app.loading")} lines={2} />}
      <VanishedEmails accountId={accountId} />
      {answer && <List accountId={accountId} answer={answer} delegated={delegated} />}
    </Section>
  );
}

interface ListProps {
  readonly accountId: AccountId;
  readonly answer: AccountAddresses;
  /** Whether they are changed on a page of the server's: this page says so. */
  readonly delegated: boolean;
}

function List({ accountId, answer: { addresses, canChange: allowed }, delegated }: ListProps) {
  const canChange = allowed && !delegated;
  const [leaving, setLeaving] = useState<AccountAddress | null>(null);
  const emails = addresses.filter(({ medium }) => medium === "email").length;
  const remove = (one: AccountAddress) => (
    <Button small aria-label={t("addresses.removeNamed", { address: shownAddress(one) })} onPress={() => setLeaving(one)}>
      {t("addresses.remove")}
    </Button>
  );
  return (
    <>
      {emails === 0 && <Notice tone="warn">{t("addresses.noEmail")}</Notice>}
      {!allowed && !delegated && <Notice tone="info">{t("addresses.notAllowed")}</Notice>}
      {addresses.length > 0 && (
        <Rows label={t("addresses.title")}>
          {addresses.map((one) => (
            <Row
              key={`${one.medium} ${one.address}`}
              icon={one.medium === "email" ? <Mail size={20} aria-hidden /> : <Phone size={20} aria-hidden />}
              title={shownAddress(one)}
              end={canChange && remove(one)}
            />
          ))}
        </Rows>
      )}
      {canChange && <AddEmail accountId={accountId} />}
      {canChange && <AddPhone accountId={accountId} />}
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(null)}>
          <RemoveDialog
            accountId={accountId}
            leaving={leaving}
            isLastEmail={leaving.medium === "email" && emails === 1}
            onClose={() => setLeaving(null)}
          />
        </DialogBoundary>
      )}
    </>
  );
}

interface RemoveDialogProps {
  readonly accountId: AccountId;
  readonly leaving: AccountAddress;
  readonly isLastEmail: boolean;
  readonly onClose: () => void;
}

/** Says what is lost with an address before it is taken off. */
function RemoveDialog({ accountId, leaving, isLastEmail, onClose }: RemoveDialogProps) {
  const remove = useAction(async () => {
    await removeAddress(accountId, leaving);
    onClose();
  });
  return (
    <Dialog
      alert
      title={t("addresses.removeTitle", { address: shownAddress(leaving) })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={remove.busy} onPress={() => void remove.run()}>
            {t("addresses.remove")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t(isLastEmail ? "addresses.lastEmailCost" : "addresses.cost")}</p>
      {remove.error && <ErrorText error={remove.error} />}
    </Dialog>
  );
}
