import { useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { KeyOrPhraseInput, SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons, focusPageTitle } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { unlock } from "../../stores/secureBackup.ts";

interface UnlockFormProps {
  readonly account: Account;
  readonly state: SecureBackupState;
  readonly later: ReactNode;
}

/** Opens a Secure Backup that is there already. One field takes the Security Key or the Security Phrase. */
export function UnlockForm({ account, state, later }: UnlockFormProps) {
  const { accountId } = account;
  const [keyOrPhrase, setKeyOrPhrase] = useState("");
  // Where there is no secret storage, a backup from before it is all that a key can open.
  const backupAlone = state.diagnosis === "not_set_up";
  const open = useAction(async (opener: KeyOrPhraseInput) => {
    await unlock(accountId, opener);
    speak(t(backupAlone ? "backup.unlock.doneBackup" : "backup.unlock.done"));
    focusPageTitle();
  });
  const hasPhrase = state.key?.hasPhrase ?? backupAlone;
  return (
    <Form onSubmit={() => void open.run(keyOrPhrase)}>
      <p>{t(backupAlone ? "backup.unlock.textRecoveryKey" : hasPhrase ? "backup.unlock.text" : "backup.unlock.textKey")}</p>
      <PasswordField
        label={t(hasPhrase ? "backup.unlock.field" : "backup.unlock.fieldKey")}
        value={keyOrPhrase}
        onChange={setKeyOrPhrase}
        autoComplete="off"
        isRequired
        validate={(typed) => (typed.trim() === "" ? t("backup.unlock.required") : null)}
      />
      {open.error && <ErrorText error={open.error} />}
      <Buttons end={later}>
        <Button type="submit" look="primary" busy={open.busy}>
          {t(open.busy ? "backup.unlock.submitting" : "backup.unlock.submit")}
        </Button>
        {state.keptKey.status === "current" && (
          <Button isDisabled={open.busy} onPress={() => void open.run({ kept: true })}>
            {t("backup.kept.use")}
          </Button>
        )}
      </Buttons>
    </Form>
  );
}
