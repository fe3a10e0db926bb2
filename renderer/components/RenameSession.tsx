import { useId, useState } from "react";
import { refusedFieldText, t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import { ErrorText } from "./ErrorText.tsx";
import { Form } from "./Form.tsx";
import { TextField } from "./TextField.tsx";
import { useAction } from "./useAction.ts";

interface RenameSessionProps {
  readonly name: string | null;
  readonly rename: (name: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a session's new name. Everybody the person shares encrypted rooms with can see it, and the dialog says so. */
export function RenameSession({ name: before, rename, onClose }: RenameSessionProps) {
  const [name, setName] = useState(before ?? "");
  const save = useAction(async () => {
    await rename(name);
    onClose();
  });
  const formId = useId();
  const refused = refusedFieldText(save.error, "name");
  return (
    <Dialog
      title={t("sessions.renameTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={save.busy} type="submit" form={formId}>
            {t("sessions.renameSave")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void save.run()}>
        <TextField label={t("sessions.name")} help={t("sessions.nameHelp")} value={name} onChange={setName} autoFocus problem={refused} />
        {save.error && !refused && <ErrorText error={save.error} />}
      </Form>
    </Dialog>
  );
}
