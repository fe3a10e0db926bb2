import { useEffect, useId, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AppError } from "../../../shared/errors.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

const MAX_CHARACTERS = 4000;

interface NoticeDialogProps {
  readonly account: Account;
  readonly userId: string;
  readonly onClose: () => void;
}

/** Sends one user a message in the server's name, where the server sends such. */
export function NoticeDialog({ account, userId, onClose }: NoticeDialogProps) {
  const { accountId, homeserver } = account;
  const server = homeserver.serverName;
  const [available, setAvailable] = useState<boolean | null>(null);
  const [text, setText] = useState("");
  const [ended, setEnded] = useState<{ readonly status: "sent" } | { readonly status: "unknown"; readonly error: AppError } | null>(null);
  const look = useAction(async (again: boolean) => setAvailable((await steward.serverNotices.available({ accountId, again })).available));
  const { run: lookNow } = look;
  useEffect(() => void lookNow(false), [lookNow]);
  const send = useAction(async () => {
    const end = await steward.serverNotices.send({ accountId, userId, text: text.trim() });
    if (end.status === "off") setAvailable(false);
    else setEnded(end);
  });
  const formId = useId();
  const writing = available === true && ended === null;
  return (
    <Dialog
      title={t("serverNotices.title", { userId })}
      onClose={onClose}
      actions={
        <>
          {writing && (
            <Button look="primary" type="submit" form={formId} busy={send.busy}>
              {t("serverNotices.send")}
            </Button>
          )}
          {available === false && (
            <Button busy={look.busy} onPress={() => void lookNow(true)}>
              {t("serverNotices.lookAgain")}
            </Button>
          )}
          <Button onPress={onClose}>{t(writing ? "common.cancel" : "common.close")}</Button>
        </>
      }
    >
      {look.error && <ErrorText error={look.error} actions={<Button onPress={() => void lookNow(true)}>{t("common.retry")}</Button>} />}
      {available === null && !look.error && <Skeleton label={t("serverNotices.looking")} lines={2} />}
      {available === false && (
        <Notice tone="info" live>
          {t("serverNotices.off", { server })}
        </Notice>
      )}
      {writing && (
        <Form id={formId} onSubmit={() => void send.run()}>
          <p>{t("serverNotices.text", { server })}</p>
          <TextField
            label={t("serverNotices.message")}
            value={text}
            onChange={setText}
            maxLength={MAX_CHARACTERS}
            isRequired
            validate={(typed) => (typed.trim() === "" ? t("serverNotices.required") : null)}
            autoFocus
          />
          {send.error && <ErrorText error={send.error} />}
        </Form>
      )}
      {ended?.status === "sent" && (
        <Notice tone="success" live>
          {t("serverNotices.sent", { userId })}
        </Notice>
      )}
      {ended?.status === "unknown" && (
        <>
          <ErrorText error={ended.error} />
          <Notice tone="warn">{t("serverNotices.unknown", { userId })}</Notice>
        </>
      )}
    </Dialog>
  );
}
