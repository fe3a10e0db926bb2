import { useState } from "react";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { TextField } from "../../components/TextField.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";

/** What takes something away from people, or reaches them, is asked about first. */
export const CONFIRMED = [
  "reset_passwords",
  "lock",
  "suspend",
  "sign_out",
  "prune_sessions",
  "send_notice",
  "delete_media",
  "deactivate",
  "erase",
] as const;
export type ConfirmedAction = (typeof CONFIRMED)[number];

/** What the person says beside yes. */
export interface Confirmed {
  /** With new passwords, whether sessions are signed out. */
  readonly signOut?: boolean;
  readonly notice?: string;
  readonly typed?: string;
}

interface ConfirmDialogProps {
  readonly action: ConfirmedAction;
  readonly count: number;
  /** Named before yes is said, where they are few. */
  readonly who?: readonly string[];
  readonly onConfirm: (said: Confirmed) => void;
  readonly onClose: () => void;
}

const MAX_NOTICE = 10_000;
const deactivationCosts = ["sessions", "rooms", "contacts", "directory"] as const;

/** Says what an action costs so many users, before it is done. */
export function ConfirmDialog({ action, count, who = [], onConfirm, onClose }: ConfirmDialogProps) {
  const [sessions, setSessions] = useState<"keep" | "sign_out" | null>(null);
  const [notice, setNotice] = useState("");
  const [typed, setTyped] = useState("");
  const text = notice.trim();
  const isOpen =
    (action === "reset_passwords" && sessions === null) ||
    (action === "send_notice" && text === "") ||
    (action === "erase" && typed.trim() !== String(count));
  const said: Confirmed = {
    ...(action === "reset_passwords" && { signOut: sessions === "sign_out" }),
    ...(action === "send_notice" && { notice: text }),
    ...(action === "erase" && { typed: typed.trim() }),
  };
  const ends = action === "deactivate" || action === "erase";
  return (
    <Dialog
      alert
      title={t(`bulk.confirm.title.${action}`, { count })}
      onClose={onClose}
      actions={
        <>
          <Button look={action === "send_notice" ? "primary" : "danger"} isDisabled={isOpen} onPress={() => onConfirm(said)}>
            {t(`bulk.start.${action}`, { count })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      {who.length > 0 && (
        <ul className={styles["costs"]} aria-label={t("bulk.confirm.who")}>
          {who.map((name) => (
            <li key={name}>
              <ServerText>{name}</ServerText>
            </li>
          ))}
        </ul>
      )}
      <p>{t(`bulk.confirm.text.${action}`)}</p>
      {ends && (
        <>
          <ul className={styles["costs"]}>
            {deactivationCosts.map((cost) => (
              <li key={cost}>{t(`bulk.confirm.costs.${cost}`)}</li>
            ))}
            {action === "erase" && <li>{t("bulk.confirm.costs.profile")}</li>}
          </ul>
          <p>{t(action === "erase" ? "bulk.confirm.staysErased" : "bulk.confirm.stays")}</p>
        </>
      )}
      {action === "erase" && (
        <TextField
          label={t("bulk.confirm.typeCount", { count })}
          value={typed}
          onChange={setTyped}
          inputMode="numeric"
          autoComplete="off"
        />
      )}
      {action === "send_notice" && (
        <TextField label={t("bulk.choices.notice")} value={notice} onChange={setNotice} maxLength={MAX_NOTICE} area />
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
