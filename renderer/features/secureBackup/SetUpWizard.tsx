import { useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp, SetUpKind } from "../../../shared/contract/secureBackup.ts";
import { Steps } from "../../components/Steps.tsx";
import { t } from "../../i18n/index.ts";
import type { ResetConfirmation } from "../../stores/secureBackup.ts";
import { ChooseStep } from "./ChooseStep.tsx";
import { KeepStep } from "./KeepStep.tsx";
import { RunStep } from "./RunStep.tsx";
import { TypeBackStep } from "./TypeBackStep.tsx";

interface SetUpWizardProps {
  readonly account: Account;
  /** The set-up as main has it; null before anything was chosen. */
  readonly setUp: SetUp | null;
  readonly kind: SetUpKind;
  /** How a reset was confirmed. */
  readonly confirmation: ResetConfirmation | null;
  readonly later: ReactNode;
}

/**
 * Sets Secure Backup up, changes its key or resets it, in four steps. Where it stands is main's to say; only "keep" and "type back" are told
 * apart here.
 */
export function SetUpWizard({ account, setUp, kind, confirmation, later }: SetUpWizardProps) {
  const [kept, setKept] = useState(false);
  const current = setUp === null ? 0 : setUp.phase !== "confirm_key" ? 3 : kept ? 2 : 1;
  return (
    <>
      <Steps
        label={t("backup.steps.label")}
        current={current}
        names={[t("backup.steps.choose"), t("backup.steps.keep"), t("backup.steps.type"), t("backup.steps.checked")]}
      />
      {setUp === null && (
        <ChooseStep
          account={account}
          kind={kind}
          confirmation={confirmation}
          later={later}
          onBegun={() => setKept(false)}
        />
      )}
      {setUp && current === 1 && <KeepStep account={account} setUp={setUp} onKept={() => setKept(true)} />}
      {setUp && current === 2 && (
        <TypeBackStep account={account} kind={setUp.kind} method={setUp.method} onBack={() => setKept(false)} />
      )}
      {setUp && current === 3 && <RunStep account={account} setUp={setUp} />}
    </>
  );
}
