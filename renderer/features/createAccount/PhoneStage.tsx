import { useState } from "react";
import type { PhoneNumber } from "../../../shared/contract/phoneNumber.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CodeField } from "../../components/CodeField.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PhoneField } from "../../components/PhoneField.tsx";
import { useAction } from "../../components/useAction.ts";
import { usePhone } from "../../components/usePhone.ts";
import { errorWords, problemText, t } from "../../i18n/index.ts";
import { type StageProps, useAnswer } from "./stage.ts";

/** A code has gone to the phone, and is to be typed. */
export function PhoneStage({ registration, stage: { number, sent, wantsCode, optional } }: StageProps<"phone">) {
  const { registrationId, checking, error } = registration;
  const [changing, setChanging] = useState(false);
  const [code, setCode] = useState("");
  const answer = useAnswer(registration);
  const resend = useAction(() => steward.registration.resend({ registrationId }));
  const ofCode = wantsCode && error?.kind === "phone_refused" && ["wrong_code", "code_expired"].includes(error.reason) ? error : null;
  const failure = answer.error ?? resend.error ?? (ofCode ? null : error);
  const text = wantsCode ? t("create.phoneSent", { number }) : t("addresses.codeElsewhere", { number });
  if (changing) {
    return (
      <>
        {failure && <ErrorText error={failure} />}
        <PhoneChange registration={registration} onCancel={() => setChanging(false)} />
      </>
    );
  }
  return (
    <Form onSubmit={() => void answer.run({ kind: "phone", code: wantsCode ? code : null })}>
      <p>{sent ? text : t("create.phoneNotSent", { number })}</p>
      {sent && wantsCode && <CodeField value={code} onChange={setCode} refused={ofCode && errorWords(ofCode).sentence} />}
      {failure && <ErrorText error={failure} />}
      <Buttons>
        {sent && (
          <Button type="submit" look="primary" busy={checking || answer.busy}>
            {t("common.continue")}
          </Button>
        )}
        <Button isDisabled={checking} onPress={() => void resend.run()}>
          {t(sent ? "addresses.sendCodeAgain" : "addresses.sendCode")}
        </Button>
        <Button isDisabled={checking} onPress={() => setChanging(true)}>
          {t("addresses.changeNumber")}
        </Button>
        {optional && <WithoutPhone registration={registration} />}
      </Buttons>
    </Form>
  );
}

/** Without a number after all: the server says if it takes none. */
export function WithoutPhone({ registration: { registrationId } }: { readonly registration: Registration }) {
  const change = useAction(() => steward.registration.change({ registrationId, phone: null }));
  return (
    <Button busy={change.busy} onPress={() => void change.run()}>
      {t("create.phoneWithout")}
    </Button>
  );
}

interface PhoneChangeProps {
  readonly registration: Registration;
  readonly onCancel?: () => void;
}

/** Another number for the same account. */
export function PhoneChange({ registration: { registrationId, phone: before }, onCancel }: PhoneChangeProps) {
  const phone = usePhone(before);
  const change = useAction((number: PhoneNumber) => steward.registration.change({ registrationId, phone: number }));
  return (
    <Form onSubmit={() => void change.run(phone.value)}>
      <PhoneField
        country={phone.country}
        onCountry={phone.setCountry}
        number={phone.number}
        onNumber={phone.setNumber}
        help={t("addresses.phoneHelp")}
        isRequired
        validate={() => problemText("number", phone)}
      />
      {change.error && <ErrorText error={change.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={change.busy}>
          {t("addresses.sendCode")}
        </Button>
        {onCancel && <Button onPress={onCancel}>{t("common.cancel")}</Button>}
      </Buttons>
    </Form>
  );
}
