import type { ReactNode } from "react";
import type { AppError } from "../../../shared/errors.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import type { Action } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

type Press = Action<[], unknown>;

interface PendingContactProps {
  readonly text: string;
  readonly tone: "info" | "warn";
  /** Goes on with it; null where it can't yet. */
  readonly confirm: { readonly onPress: () => void; readonly busy: boolean } | null;
  /** Has one more mail or code sent; null where none is needed. */
  readonly again: { readonly press: Press; readonly label: string } | null;
  /** Drops it for another one; null where there is none to be typed. */
  readonly change: { readonly onPress: () => void; readonly label: string } | null;
  readonly drop: Press;
  /** In place of what is said of an address that is being added. */
  readonly words?: { readonly title: string; readonly drop: string };
  readonly error: AppError | null;
  readonly children?: ReactNode;
}

/** An address or a number that is not on the account yet: how it stands, and what can be done. */
export function PendingContact({ text, tone, confirm, again, change, drop, words, error, children }: PendingContactProps) {
  return (
    <Form onSubmit={() => confirm?.onPress()}>
      <Notice
        tone={tone}
        live
        actions={
          <>
            {confirm && (
              <Button small look="primary" type="submit" busy={confirm.busy}>
                {t("addresses.confirm")}
              </Button>
            )}
            {again && (
              <Button small busy={again.press.busy} onPress={() => void again.press.run()}>
                {again.label}
              </Button>
            )}
            {change && (
              <Button
                small
                busy={drop.busy}
                onPress={() => {
                  change.onPress();
                  void drop.run();
                }}
              >
                {change.label}
              </Button>
            )}
            <Button small onPress={() => void drop.run()}>
              {words?.drop ?? t("addresses.drop")}
            </Button>
          </>
        }
      >
        <strong>{words?.title ?? t("addresses.pendingTitle")}</strong>
        <p>{text}</p>
        {children}
      </Notice>
      {error && <ErrorText error={error} />}
    </Form>
  );
}

interface ContactFormProps {
  readonly submitText: string;
  readonly submit: Press;
  /** Whether the error is said at the field already. */
  readonly saidAtField: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Where an address or a number is typed that is to be added. */
export function ContactForm({ submitText, submit, saidAtField, onClose, children }: ContactFormProps) {
  return (
    <Form onSubmit={() => void submit.run()}>
      {children}
      {submit.error && !saidAtField && <ErrorText error={submit.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={submit.busy}>
          {submitText}
        </Button>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
      </Buttons>
    </Form>
  );
}
