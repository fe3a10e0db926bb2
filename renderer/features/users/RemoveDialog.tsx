import type { ReactNode } from "react";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

interface RemoveDialogProps {
  readonly name: string;
  readonly text: string;
  readonly onClose: () => void;
  readonly onRemove: () => Promise<void>;
}

/** Asks before something is taken off a user. */
export function RemoveDialog(props: RemoveDialogProps) {
  return (
    <DialogBoundary onClose={props.onClose}>
      <Remove {...props} />
    </DialogBoundary>
  );
}

function Remove({ name, text, onClose, onRemove }: RemoveDialogProps): ReactNode {
  const remove = useAction(async () => {
    await onRemove();
    onClose();
  });
  return (
    <Dialog
      alert
      title={t("users.removeTitle", { name })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={remove.busy} onPress={() => void remove.run()}>
            {t("users.remove")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{text}</p>
      {remove.error && <ErrorText error={remove.error} />}
    </Dialog>
  );
}
