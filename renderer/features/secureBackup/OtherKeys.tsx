import { useEffect, useState } from "react";
import type { OtherKey } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Facts, focusPageTitle, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { secretWords } from "./diagnosis.ts";
import styles from "./SecureBackup.module.css";

interface OtherKeysProps {
  readonly accountId: AccountId;
  /** When the Secure Backup was read: other keys are read again with it. */
  readonly readAt: number;
}

/** Secrets that nobody has opened here, each to be deleted after a question. Nothing is shown where there are none. */
export function OtherKeys({ accountId, readAt }: OtherKeysProps) {
  const [keys, setKeys] = useState<readonly OtherKey[]>([]);
  const [asked, setAsked] = useState<OtherKey | null>(null);
  const look = useAction(async () => setKeys((await steward.secureBackup.otherKeys({ accountId })).keys));
  const { run: lookOnce } = look;
  useEffect(() => void lookOnce(), [accountId, readAt, lookOnce]);
  const remove = useAction(async ({ keyId }: OtherKey) => {
    setKeys((await steward.secureBackup.deleteOtherKey({ accountId, keyId })).keys);
    setAsked(null);
    speak(t("backup.otherKeys.deleted"));
    focusPageTitle();
  });
  if (keys.length === 0) {
    return look.error && <ErrorText error={look.error} actions={<Button onPress={() => void look.run()}>{t("common.retry")}</Button>} />;
  }
  return (
    <Section title={t("backup.otherKeys.title")}>
      <p className={styles["quiet"]}>{t("backup.otherKeys.text")}</p>
      <Facts
        facts={keys.map((key) => ({
          name: nameOf(key),
          value: (
            <span className={styles["valueAndButton"]}>
              {contentsOf(key)}
              <Button small look="danger" onPress={() => setAsked(key)}>
                {t("backup.otherKeys.delete")}
              </Button>
            </span>
          ),
        }))}
      />
      {asked && (
        <Dialog
          title={t("backup.otherKeys.deleteTitle")}
          onClose={() => !remove.busy && setAsked(null)}
          alert
          actions={
            <>
              <Button look="danger" busy={remove.busy} onPress={() => void remove.run(asked)}>
                {t("backup.otherKeys.deleteSubmit")}
              </Button>
              <Button autoFocus isDisabled={remove.busy} onPress={() => setAsked(null)}>
                {t("common.cancel")}
              </Button>
            </>
          }
        >
          <p>{nameOf(asked)}</p>
          <Notice tone="warn">{t("backup.otherKeys.deleteText")}</Notice>
          {remove.error && <ErrorText error={remove.error} />}
        </Dialog>
      )}
    </Section>
  );
}

function nameOf({ keyId, name, isDefault }: OtherKey): string {
  if (keyId === null) return t("backup.otherKeys.noKey");
  if (isDefault) return t("backup.otherKeys.default");
  return name === null ? t("backup.otherKeys.unnamed", { id: keyId.slice(0, 8) }) : t("backup.otherKeys.named", { name });
}

function contentsOf({ secrets, putAside }: OtherKey): string {
  const parts = secrets.length > 0 ? [t("backup.otherKeys.secrets", { secrets: secrets.map(secretWords).join(", ") })] : [];
  return [...parts, ...(putAside > 0 ? [t("backup.otherKeys.aside", { count: putAside })] : [])].join(" · ");
}
