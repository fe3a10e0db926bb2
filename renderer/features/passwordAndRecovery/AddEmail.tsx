import { useEffect, useRef, useState } from "react";
import type { PendingEmail } from "../../../shared/contract/addresses.ts";
import { readEmail } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Form } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { errorWords, fieldProblemText, refusedFieldText, t } from "../../i18n/index.ts";
import { pendingEmails } from "../../stores/addresses.ts";

/** What is being added to the account, and the way to add one more. */
export function AddEmail({ accountId }: { readonly accountId: AccountId }) {
  const { answer: pending, error } = pendingEmails.use(accountId);
  useEffect(() => void pendingEmails.load(accountId), [accountId]);
  const [typing, setTyping] = useState<string | null>(null);
  return (
    <>
      {error && <ErrorText error={error} />}
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
  const [tried, setTried] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const { problem } = readEmail(address);
  const add = useAction(async () => {
    await steward.addresses.addEmail({ accountId, address });
    onClose();
  });
  const refused = add.error?.kind === "address_refused" ? errorWords(add.error).sentence : refusedFieldText(add.error, "address");
  return (
    <Form
      onSubmit={() => {
        setTried(true);
        if (problem === undefined) void add.run();
      }}
    >
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
        problem={tried && problem ? fieldProblemText("address", problem) : refused}
      />
      {add.error && refused === null && <ErrorText error={add.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={add.busy}>
          {t("addresses.send")}
        </Button>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
      </Buttons>
    </Form>
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
      <Notice
        tone={status === "sent" || status === "confirmed" ? "info" : "warn"}
        live
        actions={
          <>
            {status === "sent" && (
              <Button small look="primary" busy={confirm.busy} onPress={() => void confirm.run()}>
                {t("addresses.confirm")}
              </Button>
            )}
            <Button small busy={again.busy} onPress={() => void again.run()}>
              {t("addresses.sendAgain")}
            </Button>
            <Button
              small
              busy={drop.busy}
              onPress={() => {
                onChangeAddress();
                void drop.run();
              }}
            >
              {t("addresses.changeAddress")}
            </Button>
            <Button small onPress={() => void drop.run()}>
              {t("addresses.drop")}
            </Button>
          </>
        }
      >
        <strong>{t("addresses.pendingTitle")}</strong>
        <p>{pendingText(email)}</p>
        {(status === "sent" || status === "confirmed") && <p>{t("addresses.spam")}</p>}
      </Notice>
      {email.status === "refused" && <ErrorText error={email.error} />}
      {error && <ErrorText error={error} />}
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
