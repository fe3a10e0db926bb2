import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { intend, repair, type RepairChoices } from "../../stores/secureBackup.ts";
import { wayToMend, wayWithoutOldKey } from "./diagnosis.ts";

interface RepairFormProps {
  readonly account: Account;
  readonly state: SecureBackupState;
}

/** The one button that mends what the diagnosis names, with the Security Key where it takes one. */
export function RepairForm({ account: { accountId }, state }: RepairFormProps) {
  const way = wayToMend(state);
  const [keyOrPhrase, setKeyOrPhrase] = useState("");
  const [usedKept, setUsedKept] = useState(false);
  const [agreed, setAgreed] = useState<RepairChoices>({ newBackup: false, makeDefault: false });
  const mend = useAction(async (useKept: boolean, choices: RepairChoices) => {
    setUsedKept(useKept);
    setAgreed(choices);
    await repair(accountId, useKept ? { kept: true } : way === "with_key" ? keyOrPhrase : null, choices);
    speak(t("backup.repair.done"));
    focusPageTitle();
  });
  if (way === null) return null;
  const needsNewBackup = mend.error?.kind === "new_backup_needed";
  const otherKey = mend.error?.kind === "other_key_opens" ? mend.error : null;
  const asks = needsNewBackup || otherKey !== null;
  /** Whether handing it in goes on with the stored key, which was used before main asked. */
  const usesKept = asks && usedKept;
  const submit = (): void => {
    const choices = {
      newBackup: needsNewBackup || (asks && agreed.newBackup),
      makeDefault: otherKey !== null || (asks && agreed.makeDefault),
    };
    void mend.run(usesKept, choices);
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
          isRequired={!usesKept}
          validate={(typed) => (!usesKept && typed.trim() === "" ? t("backup.repair.required") : null)}
        />
      )}
      {needsNewBackup && (
        <Notice tone="warn" live>
          {t("backup.repair.newBackup", { count: state.backup?.keyCount ?? 0 })}
        </Notice>
      )}
      {otherKey && (
        <Notice tone="warn" live>
          {otherKey.name === "" ? t("backup.repair.otherKey") : t("backup.repair.otherKeyNamed", { name: otherKey.name })}
        </Notice>
      )}
      {mend.error && !asks && <ErrorText error={mend.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={mend.busy}>
          {t(
            mend.busy
              ? "backup.repair.submitting"
              : needsNewBackup
                ? "backup.repair.newBackupSubmit"
                : otherKey
                  ? "backup.repair.otherKeySubmit"
                  : "backup.repair.submit",
          )}
        </Button>
        {way === "with_key" && state.keptKey.status === "current" && !asks && (
          <Button isDisabled={mend.busy} onPress={() => void mend.run(true, { newBackup: false, makeDefault: false })}>
            {t("backup.kept.use")}
          </Button>
        )}
      </Buttons>
      <WithoutOldKey accountId={accountId} state={state} />
    </Form>
  );
}

/** What there is to do for a person who does not have the key that is not described. */
function WithoutOldKey({ accountId, state }: { readonly accountId: AccountId; readonly state: SecureBackupState }) {
  const way = wayWithoutOldKey(state);
  if (way === null) return null;
  if (way === "elsewhere") return <p>{t("backup.repair.notHere")}</p>;
  return (
    <>
      <p>{t("backup.repair.newKey")}</p>
      <Buttons>
        <Button onPress={() => intend(accountId, "set_up")}>{t("backup.repair.setUp")}</Button>
      </Buttons>
    </>
  );
}
