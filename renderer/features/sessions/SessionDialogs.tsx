import { useId, useState } from "react";
import type { Session } from "../../../shared/contract/devices.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { refusedFieldText, t } from "../../i18n/index.ts";
import { renameSession } from "../../stores/sessions.ts";
import { nameOfSession } from "./SessionRow.tsx";

interface RenameDialogProps {
  readonly accountId: AccountId;
  readonly session: Session;
  readonly onClose: () => void;
}

/** Asks for a new name. Everybody the person shares encrypted rooms with can see it, and the dialog says so. */
export function RenameDialog({ accountId, session, onClose }: RenameDialogProps) {
  const [name, setName] = useState(session.name ?? "");
  const rename = useAction(async () => {
    await renameSession(accountId, session.deviceId, name);
    onClose();
  });
  const formId = useId();
  const refused = refusedFieldText(rename.error, "name");
  return (
    <Dialog
      title={t("sessions.renameTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={rename.busy} type="submit" form={formId}>
            {t("sessions.renameSave")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void rename.run()}>
        <TextField label={t("sessions.name")} help={t("sessions.nameHelp")} value={name} onChange={setName} autoFocus problem={refused} />
        {rename.error && !refused && <ErrorText error={rename.error} />}
      </Form>
    </Dialog>
  );
}

interface SignOutSessionsDialogProps {
  readonly leaving: readonly Session[];
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

/** Says what signing sessions out costs, before it is done. The Challenge that follows takes its place. */
export function SignOutSessionsDialog({ leaving, onClose, onConfirm }: SignOutSessionsDialogProps) {
  const [only] = leaving;
  return (
    <Dialog
      alert
      title={
        leaving.length === 1 && only
          ? t("sessions.signOutTitleOne", { name: nameOfSession(only) })
          : t("sessions.signOutTitle", { count: leaving.length })
      }
      onClose={onClose}
      actions={
        <>
          <Button look="danger" onPress={onConfirm}>
            {t("sessions.signOutConfirm", { count: leaving.length })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("sessions.signOutCost", { count: leaving.length })}</p>
      <p>{t("sessions.signOutKeeps")}</p>
    </Dialog>
  );
}
