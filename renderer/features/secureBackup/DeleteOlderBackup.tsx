import { useState } from "react";
import type { OlderBackup, OlderBackupOutcome } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { stayedWords } from "./olderBackupWords.ts";

interface DeleteOlderBackupProps {
  readonly accountId: AccountId;
  readonly backup: OlderBackup;
  readonly onClose: () => void;
  readonly onDeleted: (left: readonly OlderBackup[], outcome: OlderBackupOutcome) => void;
}

/** Says what becomes of the keys in an older backup before it is deleted; what nothing here opens has a box of its own. */
export function DeleteOlderBackup({ accountId, backup, onClose, onDeleted }: DeleteOlderBackupProps) {
  const { version, keyCount, opensHere } = backup;
  const [deleteUnopened, setDeleteUnopened] = useState(false);
  /** Why it was not deleted. */
  const [stayed, setStayed] = useState<OlderBackupOutcome | null>(null);
  const remove = useAction(async () => {
    const { backups, outcome } = await steward.secureBackup.deleteOlderBackup({ accountId, version, deleteUnopened });
    if (outcome.deleted) return onDeleted(backups, outcome);
    setStayed(outcome);
    speak(stayedWords(version, outcome));
  });
  const unopened = stayed?.unopened ?? 0;
  // Only what does not open can be given up.
  const asksForBox = stayed ? stayed.missing === 0 : !opensHere;
  return (
    <Dialog
      title={t("backup.storage.olderTitle", { version })}
      onClose={() => !remove.busy && onClose()}
      alert
      actions={
        <>
          <Button look="danger" busy={remove.busy} isDisabled={asksForBox && !deleteUnopened} onPress={() => void remove.run()}>
            {t(remove.busy ? "backup.storage.olderBusy" : "backup.storage.olderSubmit")}
          </Button>
          <Button autoFocus isDisabled={remove.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      {opensHere ? (
        <p>{t("backup.storage.olderOpens", { count: keyCount, version })}</p>
      ) : (
        <Notice tone="error">{t("backup.storage.olderUnopened", { count: keyCount })}</Notice>
      )}
      {stayed && <Notice tone="warn">{stayedWords(version, stayed)}</Notice>}
      {asksForBox && (
        <Checkbox value={deleteUnopened} onChange={setDeleteUnopened}>
          {opensHere && unopened > 0 ? t("backup.storage.olderDeleteRest", { count: unopened }) : t("backup.storage.olderDeleteUnopened")}
        </Checkbox>
      )}
      {remove.error && <ErrorText error={remove.error} />}
    </Dialog>
  );
}
