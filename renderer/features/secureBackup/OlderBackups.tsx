import { useEffect, useState } from "react";
import type { OlderBackup, OlderBackupOutcome } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Facts, focusPageTitle } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { DeleteOlderBackup } from "./DeleteOlderBackup.tsx";
import { deletedWords } from "./olderBackupWords.ts";
import styles from "./SecureBackup.module.css";

interface OlderBackupsProps {
  readonly accountId: AccountId;
  readonly newest: string;
}

/** Backups that newer ones have replaced, each to be deleted after a question. Nothing is shown where there are none. */
export function OlderBackups({ accountId, newest }: OlderBackupsProps) {
  const [backups, setBackups] = useState<readonly OlderBackup[]>([]);
  const [asked, setAsked] = useState<OlderBackup | null>(null);
  /** What became of the one that was deleted last. */
  const [told, setTold] = useState<string | null>(null);
  const { error, run: lookOnce } = useAction(async () => {
    setBackups((await steward.secureBackup.olderBackups({ accountId })).backups);
  });
  useEffect(() => {
    void lookOnce();
    // Which are older follows from the newest alone.
  }, [accountId, newest, lookOnce]);
  const deleted = (version: string, left: readonly OlderBackup[], outcome: OlderBackupOutcome): void => {
    setBackups(left);
    setAsked(null);
    const text = deletedWords(version, outcome);
    setTold(text);
    speak(text);
    focusPageTitle();
  };
  const again = <Button onPress={() => void lookOnce()}>{t("common.retry")}</Button>;
  if (backups.length === 0 && told === null) return error && <ErrorText error={error} actions={again} />;
  return (
    <>
      <h3>{t("backup.storage.older")}</h3>
      {told !== null && <Notice tone="info">{told}</Notice>}
      {backups.length > 0 && <p className={styles["quiet"]}>{t("backup.storage.olderText")}</p>}
      <Facts
        facts={backups.map((backup) => ({
          name: t("backup.keyBackupVersion", { version: backup.version }),
          value: (
            <span className={styles["valueAndButton"]}>
              {t("backup.keyCount", { count: backup.keyCount })}
              <Button small look="danger" onPress={() => setAsked(backup)}>
                {t("backup.storage.olderDelete", { version: backup.version })}
              </Button>
            </span>
          ),
        }))}
      />
      {error && <ErrorText error={error} actions={again} />}
      {asked && (
        <DialogBoundary onClose={() => setAsked(null)}>
          <DeleteOlderBackup
            accountId={accountId}
            backup={asked}
            onClose={() => setAsked(null)}
            onDeleted={(left, outcome) => deleted(asked.version, left, outcome)}
          />
        </DialogBoundary>
      )}
    </>
  );
}
