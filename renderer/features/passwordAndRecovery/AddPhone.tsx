import { useEffect, useRef, useState } from "react";
import type { PendingPhone } from "../../../shared/contract/addresses.ts";
import { readCode, readPhone } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Form } from "../../components/Page.tsx";
import { PhoneField } from "../../components/PhoneField.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { likelyCountry } from "../../i18n/countries.ts";
import { errorWords, fieldProblemText, refusedFieldText, t } from "../../i18n/index.ts";
import { pendingPhones } from "../../stores/addresses.ts";
import styles from "./AddPhone.module.css";

/** What is being added to the account, and the way to add one more. */
export function AddPhone({ accountId }: { readonly accountId: AccountId }) {
  const { answer: pending, error } = pendingPhones.use(accountId);
  useEffect(() => void pendingPhones.load(accountId), [accountId]);
  const [typing, setTyping] = useState(false);
  const [notSupported, setNotSupported] = useState(false);
  return (
    <>
      {error && <ErrorText error={error} />}
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
  const [country, setCountry] = useState(likelyCountry);
  const [number, setNumber] = useState("");
  const [tried, setTried] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const { problem } = readPhone(number);
  const add = useAction(async () => {
    await steward.addresses.addPhone({ accountId, country, number });
    onClose();
  });
  const { error } = add;
  const isNotSupported = error?.kind === "phone_refused" && error.reason === "not_supported";
  useEffect(() => {
    if (isNotSupported) onNotSupported();
  }, [isNotSupported, onNotSupported]);
  const refused = error?.kind === "phone_refused" ? errorWords(error).sentence : refusedFieldText(error, "number");
  return (
    <Form
      onSubmit={() => {
        setTried(true);
        if (problem === undefined) void add.run();
      }}
    >
      <PhoneField
        country={country}
        onCountry={(chosen) => {
          setCountry(chosen);
          add.reset();
        }}
        number={number}
        onNumber={(typed) => {
          setNumber(typed);
          add.reset();
        }}
        help={t("addresses.phoneHelp")}
        inputRef={field}
        problem={tried && problem ? fieldProblemText("number", problem) : refused}
      />
      {error && refused === null && <ErrorText error={error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={add.busy}>
          {t("addresses.sendCode")}
        </Button>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
      </Buttons>
    </Form>
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
  const [tried, setTried] = useState(false);
  const wantsCode = phone.status === "sent" && phone.wantsCode;
  const { problem } = readCode(code);
  const confirm = useAction(() => steward.addresses.confirmPhone({ accountId, pendingId, code: wantsCode ? code : null }));
  const again = useAction(() => steward.addresses.sendCodeAgain({ accountId, pendingId }));
  const drop = useAction(() => steward.addresses.dropPhone({ accountId, pendingId }));
  const ofCode = confirm.error?.kind === "phone_refused" && wantsCode ? errorWords(confirm.error).sentence : null;
  const cancelled = confirm.error?.kind === "challenge_cancelled";
  const error = (cancelled || ofCode !== null ? null : confirm.error) ?? again.error ?? drop.error;
  return (
    <Form
      onSubmit={() => {
        setTried(true);
        if (!wantsCode || problem === undefined) void confirm.run();
      }}
    >
      <Notice
        tone={status === "maybe_sent" ? "warn" : "info"}
        live
        actions={
          <>
            {status !== "maybe_sent" && (
              <Button small look="primary" type="submit" busy={confirm.busy}>
                {t("addresses.confirm")}
              </Button>
            )}
            {status !== "verified" && (
              <Button small busy={again.busy} onPress={() => void again.run()}>
                {t("addresses.sendCodeAgain")}
              </Button>
            )}
            <Button
              small
              busy={drop.busy}
              onPress={() => {
                onChangeNumber();
                void drop.run();
              }}
            >
              {t("addresses.changeNumber")}
            </Button>
            <Button small onPress={() => void drop.run()}>
              {t("addresses.drop")}
            </Button>
          </>
        }
      >
        <strong>{t("addresses.pendingTitle")}</strong>
        <p>{pendingText(phone)}</p>
        {wantsCode && (
          <div className={styles["code"]}>
            <TextField
              label={t("addresses.code")}
              value={code}
              onChange={(typed) => {
                setCode(typed);
                confirm.reset();
              }}
              autoComplete="one-time-code"
              problem={tried && problem ? fieldProblemText("code", problem) : ofCode}
            />
          </div>
        )}
      </Notice>
      {error && <ErrorText error={error} />}
    </Form>
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
