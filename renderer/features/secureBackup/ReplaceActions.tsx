import { KeyRound, RotateCcw } from "lucide-react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { t } from "../../i18n/index.ts";
import { intend } from "../../stores/secureBackup.ts";

interface ReplaceActionsProps {
  readonly account: Account;
  readonly state: SecureBackupState;
}

/** Ways to a new key: without losing anything where all secrets are here, and by a reset. */
export function ReplaceActions({ account: { accountId }, state }: ReplaceActionsProps) {
  const canChange = state.proven && state.identity.thisSessionVerified && state.key !== null;
  return (
    <Section title={t("backup.replace.title")}>
      <p>{t(canChange ? "backup.replace.text" : "backup.replace.textResetOnly")}</p>
      <Buttons>
        {canChange && (
          <Button icon={KeyRound} onPress={() => intend(accountId, "change")}>
            {t(state.key?.hasPhrase ? "backup.replace.changePhrase" : "backup.replace.change")}
          </Button>
        )}
        <Button icon={RotateCcw} look="danger" onPress={() => intend(accountId, "reset")}>
          {t("backup.replace.reset")}
        </Button>
      </Buttons>
    </Section>
  );
}
