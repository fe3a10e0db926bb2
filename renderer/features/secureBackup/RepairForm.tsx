import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Form } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { intend, repair } from "../../stores/secureBackup.ts";
import { wayToMend } from "./diagnosis.ts";

interface RepairFormProps {
  readonly account: Account;
  readonly state: SecureBackupState;
}

/** The one button that mends what the diagnosis names, with the Security Key where it takes one. */
export function RepairForm({ account: { accountId }, state }: RepairFormProps) {
  const way = wayToMend(state);
  const [keyOrPhrase, setKeyOrPhrase] = useState("");
  const [tried, setTried] = useState(false);
  const [usedKept, setUsedKept] = useState(false);
  const mend = useAction(async (useKept: boolean, newBackup: boolean) => {
    setUsedKept(useKept);
    await repair(accountId, useKept ? { kept: true } : way === "with_key" ? keyOrPhrase : null, newBackup);
    speak(t("backup.repair.done"));
    focusPageTitle();
  });
  if (way === null) return null;
  if (way === "new_key") {
    return (
      <>
        <p>{t("backup.repair.newKey")}</p>
        <Buttons>
          <Button look="primary" onPress={() => intend(accountId, "set_up")}>
            {t("backup.repair.setUp")}
          </Button>
        </Buttons>
      </>
    );
  }
  if (way === "elsewhere") return <p>{t("backup.repair.notHere")}</p>;

  const missing = way === "with_key" && keyOrPhrase.trim() === "";
  const needsNewBackup = mend.error?.kind === "new_backup_needed";
  const submit = (): void => {
    setTried(true);
    if (needsNewBackup && usedKept) void mend.run(true, true);
    else if (!missing) void mend.run(false, needsNewBackup);
  };
  return (
    <Form onSubmit={submit}>
      <p>{t(way === "with_key" ? "backup.repair.needsKey" : "backup.repair.needsNothing")}</p>
      {way === "with_key" && (
        <PasswordField
          label={t("backup.repair.field")}
          value={keyOrPhrase}
          onChange={setKeyOrPhrase}
          autoComplete="off"
          problem={tried && missing ? t("backup.repair.required") : null}
        />
      )}
      {needsNewBackup ? (
        <Notice tone="warn" live>
          {t("backup.repair.newBackup", { count: state.backup?.keyCount ?? 0 })}
        </Notice>
      ) : (
        mend.error && <ErrorText error={mend.error} />
      )}
      <Buttons>
        <Button type="submit" look="primary" busy={mend.busy}>
          {t(
            mend.busy
              ? "backup.repair.submitting"
              : needsNewBackup
                ? "backup.repair.newBackupSubmit"
                : "backup.repair.submit",
          )}
        </Button>
        {way === "with_key" && state.keptKey.status === "current" && !needsNewBackup && (
          <Button isDisabled={mend.busy} onPress={() => void mend.run(true, false)}>
            {t("backup.kept.use")}
          </Button>
        )}
      </Buttons>
    </Form>
  );
}
