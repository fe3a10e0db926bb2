import { useEffect, useRef, useState } from "react";
import type { PendingPhone } from "../../../shared/contract/addresses.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CodeField } from "../../components/CodeField.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PhoneField } from "../../components/PhoneField.tsx";
import { useAction } from "../../components/useAction.ts";
import { usePhone } from "../../components/usePhone.ts";
import { errorWords, problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { pendingPhones } from "../../stores/addresses.ts";
import { ContactForm, PendingContact } from "./PendingContact.tsx";

/** What is being added to the account, and the way to add one more. */
export function AddPhone({ accountId }: { readonly accountId: AccountId }) {
  const { answer: pending, error } = pendingPhones.use(accountId);
  useEffect(() => void pendingPhones.load(accountId), [accountId]);
  const [typing, setTyping] = useState(false);
  const [notSupported, setNotSupported] = useState(false);
  return (
    <>
      {error && (
        <ErrorText error={error} actions={<Button onPress={() => void pendingPhones.load(accountId)}>{t("common.retry")}</Button>} />
      )}
      {pending?.map((phone) => (
        <Pending key={phone.pendingId} accountId={accountId} phone={phone} onChangeNumber={() => setTyping(true)} />
      ))}
      {notSupported ? (
        <Notice tone="info" live>
          {t("errorReasons.phone_refused.not_supported")}
        </Notice>
      ) : typing ? (
        <PhoneForm accountId={accountId} onClose={() => setTyping(false)} onNotSupported={() => setNotSupported(true)} />
      ) : (
        <Buttons>
          <Button onPress={() => setTyping(true)}>{t("addresses.addPhone")}</Button>
        </Buttons>
      )}
    </>
  );
}

interface PhoneFormProps {
  readonly accountId: AccountId;
  readonly onClose: () => void;
  /** The server adds no phone numbers: there is no use in trying another one. */
  readonly onNotSupported: () => void;
}

function PhoneForm({ accountId, onClose, onNotSupported }: PhoneFormProps) {
  const phone = usePhone();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const add = useAction(async () => {
    await steward.addresses.addPhone({ accountId, ...phone.value });
    onClose();
  });
  const { error } = add;
  const isNotSupported = error?.kind === "phone_refused" && error.reason === "not_supported";
  useEffect(() => {
    if (isNotSupported) onNotSupported();
  }, [isNotSupported, onNotSupported]);
  const refused = error?.kind === "phone_refused" ? errorWords(error).sentence : refusedFieldText(error, "number");
  return (
    <ContactForm submitText={t("addresses.sendCode")} submit={add} saidAtField={refused !== null} onClose={onClose}>
      <PhoneField
        country={phone.country}
        onCountry={(chosen) => {
          phone.setCountry(chosen);
          add.reset();
        }}
        number={phone.number}
        onNumber={(typed) => {
          phone.setNumber(typed);
          add.reset();
        }}
        help={t("addresses.phoneHelp")}
        inputRef={field}
        isRequired
        validate={() => problemText("number", phone)}
        problem={refused}
      />
    </ContactForm>
  );
}

interface PendingProps {
  readonly accountId: AccountId;
  readonly phone: PendingPhone;
  readonly onChangeNumber: () => void;
}

/** One number that is not on the account yet: how it stands, and what can be done. */
function Pending({ accountId, phone, onChangeNumber }: PendingProps) {
  const { pendingId, status } = phone;
  const [code, setCode] = useState("");
  const wantsCode = phone.status === "sent" && phone.wantsCode;
  const confirm = useAction(() => steward.addresses.confirmPhone({ accountId, pendingId, code: wantsCode ? code : null }));
  const again = useAction(() => steward.addresses.sendCodeAgain({ accountId, pendingId }));
  const drop = useAction(() => steward.addresses.dropPhone({ accountId, pendingId }));
  const ofCode = confirm.error?.kind === "phone_refused" && wantsCode ? errorWords(confirm.error).sentence : null;
  const cancelled = confirm.error?.kind === "challenge_cancelled";
  return (
    <PendingContact
      text={pendingText(phone)}
      tone={status === "maybe_sent" ? "warn" : "info"}
      confirm={status === "maybe_sent" ? null : { onPress: () => void confirm.run(), busy: confirm.busy }}
      again={status === "verified" ? null : { press: again, label: t("addresses.sendCodeAgain") }}
      change={{ onPress: onChangeNumber, label: t("addresses.changeNumber") }}
      drop={drop}
      error={(cancelled || ofCode !== null ? null : confirm.error) ?? again.error ?? drop.error}
    >
      {wantsCode && (
        <CodeField
          value={code}
          onChange={(typed) => {
            setCode(typed);
            confirm.reset();
          }}
          refused={ofCode}
        />
      )}
    </PendingContact>
  );
}

function pendingText(phone: PendingPhone): string {
  const { number } = phone;
  switch (phone.status) {
    case "sent":
      if (!phone.wantsCode) return t("addresses.codeElsewhere", { number });
      return t("addresses.codeSent", { number, count: phone.codes });
    case "verified":
      return t("addresses.codeRight", { number });
    case "maybe_sent":
      return t("addresses.codeMaybeSent", { number });
  }
}
