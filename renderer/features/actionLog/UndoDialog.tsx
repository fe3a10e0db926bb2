import { useState } from "react";
import type { ListedAction } from "../../../shared/contract/actionLog.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { loggedActions } from "../../stores/actionLog.ts";
import { shownUsers, userKey } from "../../stores/users.ts";
import { actionText, changeText } from "./loggedWords.ts";

interface UndoDialogProps {
  readonly accountId: AccountId;
  readonly entry: ListedAction;
  readonly onClose: () => void;
}

/** Asks whether what was before an action is to be brought back, and says where it could not be. */
export function UndoDialog({ accountId, entry, onClose }: UndoDialogProps) {
  const { id, target, changes = [] } = entry;
  const [problem, setProblem] = useState<"refused" | "unknown" | null>(null);
  const undo = useAction(async () => {
    if (id === undefined) return;
    const { outcome } = await steward.actionLog.undo({ accountId, id });
    void loggedActions.load(accountId);
    shownUsers.reload(userKey(accountId, target));
    if (outcome === "refused" || outcome === "unknown") setProblem(outcome);
    else onClose();
  });
  return (
    <Dialog
      alert
      title={t("actionLog.undoTitle")}
      onClose={onClose}
      actions={
        <>
          {problem === null && (
            <Button look="primary" busy={undo.busy} onPress={() => void undo.run()}>
              {t("actionLog.undo")}
            </Button>
          )}
          <Button onPress={onClose}>{t(problem === null ? "common.cancel" : "common.close")}</Button>
        </>
      }
    >
      <p>
        <ServerText>{t("actionLog.undoText", { action: actionText(entry), target })}</ServerText>
      </p>
      {changes.map(({ field, before, after }) => (
        <p key={`${field} ${before} ${after}`}>
          <ServerText>{changeText({ field, before: after, after: before })}</ServerText>
        </p>
      ))}
      {problem !== null && (
        <Notice tone="warn" live>
          {t(`actionLog.undoProblem.${problem}`)}
        </Notice>
      )}
      {undo.error && <ErrorText error={undo.error} />}
    </Dialog>
  );
}
