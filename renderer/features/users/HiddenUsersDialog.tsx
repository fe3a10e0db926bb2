import { useState } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { hideUsers } from "../../stores/users.ts";
import styles from "./Users.module.css";
import { patternsIn } from "./userWords.ts";

interface HiddenUsersDialogProps {
  readonly accountId: AccountId;
  readonly patterns: readonly string[];
  readonly onClose: () => void;
}

/** Asks how bridge users are named, so that lists can leave them out. */
export function HiddenUsersDialog({ accountId, patterns, onClose }: HiddenUsersDialogProps) {
  const [text, setText] = useState(patterns.join("\n"));
  const save = useAction(async () => {
    await hideUsers(accountId, patternsIn(text));
    onClose();
  });
  return (
    <Dialog
      title={t("users.hideTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={save.busy} onPress={() => void save.run()}>
            {t("users.hideSave")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("users.hideText")}</p>
      <label className={styles["label"]}>
        {t("users.hideField")}
        <textarea
          className={styles["patterns"]}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          placeholder={"_discord_*\ntelegram_*"}
        />
      </label>
      {save.error && <ErrorText error={save.error} />}
    </Dialog>
  );
}
