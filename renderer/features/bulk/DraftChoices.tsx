import { useState } from "react";
import type { BulkChoices, BulkDraft } from "../../../shared/contract/bulk.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";

const MAX_DAYS = 3650;

/** What the person says of a draft, and the rows are looked at again for. */
export function DraftChoices({ accountId, draft }: { readonly accountId: AccountId; readonly draft: BulkDraft }) {
  const { draftId, action, choices, fileName } = draft;
  const [days, setDays] = useState(String(choices.unseenDays));
  const change = useAction((changed: Partial<BulkChoices>) =>
    steward.bulk.setChoices({ accountId, draftId, choices: { ...choices, ...changed } }),
  );
  const unseenDays = /^\d{1,4}$/.test(days.trim()) ? Number(days) : 0;
  const isUsable = unseenDays >= 1 && unseenDays <= MAX_DAYS;
  return (
    <>
      {action === "prune_sessions" && (
        <div className={styles["days"]}>
          <TextField label={t("bulk.choices.unseenDays")} value={days} onChange={setDays} inputMode="numeric" />
          <Button
            isDisabled={!isUsable || unseenDays === choices.unseenDays}
            busy={change.busy}
            onPress={() => void change.run({ unseenDays })}
          >
            {t("bulk.choices.look")}
          </Button>
        </div>
      )}
      {action === "change" && fileName !== null && (
        <Choice
          label={t("bulk.choices.emptyCells")}
          look="segments"
          value={choices.emptyCells}
          onChange={(emptyCells) => void change.run({ emptyCells })}
          options={[
            { value: "keep", text: t("bulk.choices.keep") },
            { value: "clear", text: t("bulk.choices.clear") },
          ]}
        />
      )}
      {change.error && <ErrorText error={change.error} />}
    </>
  );
}
