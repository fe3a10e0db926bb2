import { useEffect, useRef, useState } from "react";
import type { PendingEmail } from "../../../shared/contract/addresses.ts";
import { readEmail } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { errorWords, problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { pendingEmails } from "../../stores/addresses.ts";
import { ContactForm, PendingContact } from "./PendingContact.tsx";

/** What is being added to the account, and the way to add one more. */
export function AddEmail({ accountId }: { readonly accountId: AccountId }) {
  const { answer: pending, error } = pendingEmails.use(accountId);
  useEffect(() => void pendingEmails.load(accountId), [accountId]);
  const [typing, setTyping] = useState<string | null>(null);
  return (
    <>
      {error && (
        <ErrorText error={error} actions={<Button onPress={() => void pendingEmails.load(accountId)}>{t("common.retry")}</Button>} />
      )}
      {pending?.map((email) => (
        <Pending key={email.pendingId} accountId={accountId} email={email} onChangeAddress={() => setTyping(email.address)} />
      ))}
      {typing === null ? (
        <Buttons>
          <Button onPress={() => setTyping("")}>{t("addresses.addEmail")}</Button>
        </Buttons>
      ) : (
        <EmailForm accountId={accountId} start={typing} onClose={() => setTyping(null)} />
      )}
    </>
  );
}

interface EmailFormProps {
  readonly accountId: AccountId;
  /** What is in the field at first. */
  readonly start: string;
  readonly onClose: () => void;
}

function EmailForm({ accountId, start, onClose }: EmailFormProps) {
  const [address, setAddress] = useState(start);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const add = useAction(async () => {
    await steward.addresses.addEmail({ accountId, address });
    onClose();
  });
  const refused = add.error?.kind === "address_refused" ? errorWords(add.error).sentence : refusedFieldText(add.error, "address");
  return (
    <ContactForm submitText={t("addresses.send")} submit={add} saidAtField={refused !== null} onClose={onClose}>
      <TextField
        label={t("addresses.email")}
        type="email"
        help={t("addresses.emailHelp")}
        value={address}
        onChange={(typed) => {
          setAddress(typed);
          add.reset();
        }}
        autoComplete="off"
        inputRef={field}
        isRequired
        validate={(typed) => problemText("address", readEmail(typed))}
        problem={refused}
      />
    </ContactForm>
  );
}

interface PendingProps {
  readonly accountId: AccountId;
  readonly email: PendingEmail;
  readonly onChangeAddress: () => void;
}

/** One address that is not on the account yet: how it stands, and what can be done. */
function Pending({ accountId, email, onChangeAddress }: PendingProps) {
  const { pendingId, status } = email;
  const confirm = useAction(() => steward.addresses.confirmEmail({ accountId, pendingId }));
  const again = useAction(() => steward.addresses.sendEmailAgain({ accountId, pendingId }));
  const drop = useAction(() => steward.addresses.dropEmail({ accountId, pendingId }));
  const cancelled = confirm.error?.kind === "challenge_cancelled";
  const error = (cancelled ? null : confirm.error) ?? again.error ?? drop.error;
  return (
    <>
      <PendingContact
        text={pendingText(email)}
        tone={status === "sent" || status === "confirmed" ? "info" : "warn"}
        confirm={status === "sent" ? { onPress: () => void confirm.run(), busy: confirm.busy } : null}
        again={{ press: again, label: t("addresses.sendAgain") }}
        change={{ onPress: onChangeAddress, label: t("addresses.changeAddress") }}
        drop={drop}
        error={error}
      >
        {(status === "sent" || status === "confirmed") && <p>{t("addresses.spam")}</p>}
      </PendingContact>
      {email.status === "refused" && <ErrorText error={email.error} />}
    </>
  );
}

function pendingText(email: PendingEmail): string {
  const { address } = email;
  switch (email.status) {
    case "sent":
      return t("addresses.sent", { address, count: email.emails });
    case "confirmed":
      return t("addresses.confirmed", { address });
    case "expired":
      return t("addresses.expired", { address });
    case "maybe_sent":
      return t("addresses.maybeSent", { address });
    case "refused":
      return t("addresses.refused", { address });
  }
}
