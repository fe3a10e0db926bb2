import { useState } from "react";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";

/** What takes something away from people is asked about first. */
export const CONFIRMED = ["deactivate", "lock", "reset_passwords"] as const;
export type ConfirmedAction = (typeof CONFIRMED)[number];

interface ConfirmDialogProps {
  readonly action: ConfirmedAction;
  readonly count: number;
  /** `signOut`: with new passwords, whether sessions are signed out. */
  readonly onConfirm: (signOut: boolean) => void;
  readonly onClose: () => void;
}

const deactivationCosts = ["sessions", "rooms", "contacts", "directory"] as const;

/** Says what an action costs so many users, before it is done. */
export function ConfirmDialog({ action, count, onConfirm, onClose }: ConfirmDialogProps) {
  const [sessions, setSessions] = useState<"keep" | "sign_out" | null>(null);
  const isOpen = action === "reset_passwords" && sessions === null;
  return (
    <Dialog
      alert
      title={t(`bulk.confirm.title.${action}`, { count })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" isDisabled={isOpen} onPress={() => onConfirm(sessions === "sign_out")}>
            {t(`bulk.start.${action}`, { count })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t(`bulk.confirm.text.${action}`)}</p>
      {action === "deactivate" && (
        <>
          <ul className={styles["costs"]}>
            {deactivationCosts.map((cost) => (
              <li key={cost}>{t(`bulk.confirm.costs.${cost}`)}</li>
            ))}
          </ul>
          <p>{t("bulk.confirm.stays")}</p>
        </>
      )}
      {action === "reset_passwords" && (
        <Choice
          label={t("bulk.confirm.theirSessions")}
          look="cards"
          value={sessions}
          onChange={setSessions}
          options={[
            { value: "keep", text: t("bulk.confirm.keep"), explanation: t("bulk.confirm.keepText") },
            { value: "sign_out", text: t("bulk.confirm.signOut"), explanation: t("bulk.confirm.signOutText") },
          ]}
        />
      )}
    </Dialog>
  );
}
