import { useEffect, useState } from "react";
import type { OlderBackup } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Facts } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import styles from "./SecureBackup.module.css";

interface OlderBackupsProps {
  readonly accountId: AccountId;
  readonly newest: string;
}

/** Backups that newer ones have replaced, each to be deleted. Nothing is shown where there are none. */
export function OlderBackups({ accountId, newest }: OlderBackupsProps) {
  const [backups, setBackups] = useState<readonly OlderBackup[]>([]);
  const look = useAction(async () => setBackups((await steward.secureBackup.olderBackups({ accountId })).backups));
  const { run: lookOnce } = look;
  useEffect(() => {
    void lookOnce();
    // Which are older follows from the newest alone.
  }, [accountId, newest, lookOnce]);
  const remove = useAction(async (version: string) => {
    setBackups((await steward.secureBackup.deleteOlderBackup({ accountId, version })).backups);
    speak(t("backup.storage.olderDeleted", { version }));
  });
  const error = look.error ?? remove.error;
  if (backups.length === 0) return error && <ErrorText error={error} />;
  return (
    <>
      <h3>{t("backup.storage.older")}</h3>
      <p className={styles["quiet"]}>{t("backup.storage.olderText")}</p>
      <Facts
        facts={backups.map(({ version, keyCount }) => ({
          name: t("backup.keyBackupVersion", { version }),
          value: (
            <span className={styles["line"]}>
              {t("backup.keyCount", { count: keyCount })}
              <Button small look="danger" busy={remove.busy} onPress={() => void remove.run(version)}>
                {t("backup.storage.olderDelete", { version })}
              </Button>
            </span>
          ),
        }))}
      />
      {error && <ErrorText error={error} />}
    </>
  );
}
