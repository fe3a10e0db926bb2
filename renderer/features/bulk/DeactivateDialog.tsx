import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";

interface DeactivateDialogProps {
  readonly count: number;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

const costs = ["sessions", "rooms", "contacts", "directory"] as const;

/** Says what deactivating so many users costs, before it is done. */
export function DeactivateDialog({ count, onConfirm, onClose }: DeactivateDialogProps) {
  return (
    <Dialog
      alert
      title={t("bulk.confirm.title", { count })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" onPress={onConfirm}>
            {t("bulk.start.deactivate", { count })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("bulk.confirm.text")}</p>
      <ul className={styles["costs"]}>
        {costs.map((cost) => (
          <li key={cost}>{t(`bulk.confirm.${cost}`)}</li>
        ))}
      </ul>
      <p>{t("bulk.confirm.stays")}</p>
    </Dialog>
  );
}
