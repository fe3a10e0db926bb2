import { useEffect, useState } from "react";
import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { backupFix } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { ExportForm } from "../roomKeys/ExportForm.tsx";

const noHealth = { checkedAt: 0, recoveryEmail: { kind: "unknown" }, otherSessions: null } as const;

/**
 * Whether the account's messages stay readable should its sessions go: Secure Backup works and has this session's room
 * keys. Where not, both ways to save them are here.
 */
export function BeforeChanging({ accountId }: { readonly accountId: AccountId }) {
  const [preview, setPreview] = useState<SignOutPreview | null>(null);
  const [exporting, setExporting] = useState(false);
  const look = useAction(async () => setPreview(await steward.accounts.signOutPreview({ accountId })));
  const { run } = look;
  useEffect(() => void run(), [run]);
  if (look.error) return <ErrorText error={look.error} />;
  if (preview === null) return <Skeleton label={t("password.checking")} lines={1} />;
  const { secureBackup, roomKeysNotBackedUp } = preview;
  if (secureBackup === "working" && roomKeysNotBackedUp === 0) return <Notice tone="success">{t("password.backedUp")}</Notice>;
  const fix = backupFix({ ...noHealth, thisSession: preview.thisSession, secureBackup });
  return (
    <>
      <Notice
        tone="warn"
        actions={
          <>
            {fix && (
              <Button small onPress={() => go({ name: "account", accountId, page: "secureBackup" })}>
                {t(`fix.${fix}`)}
              </Button>
            )}
            {!exporting && (
              <Button small onPress={() => setExporting(true)}>
                {t("password.exportFirst")}
              </Button>
            )}
          </>
        }
      >
        {secureBackup === "working" && roomKeysNotBackedUp !== null
          ? t("password.notAllBackedUp", { count: roomKeysNotBackedUp })
          : t("password.notBackedUp")}
      </Notice>
      {exporting && <ExportForm accountId={accountId} />}
    </>
  );
}
