import type { Session } from "../../../shared/contract/devices.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { t } from "../../i18n/index.ts";
import { nameOfSession } from "./SessionRow.tsx";

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
