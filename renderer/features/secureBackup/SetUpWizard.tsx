import { useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp, SetUpKind } from "../../../shared/contract/setUp.ts";
import { Wizard } from "../../components/Wizard.tsx";
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
  const current = setUp === null ? "choose" : setUp.phase !== "confirm_key" ? "run" : kept ? "type" : "keep";
  return (
    <Wizard
      label={t("backup.steps.label")}
      current={current}
      steps={[
        {
          key: "choose",
          name: t("backup.steps.choose"),
          show: () => <ChooseStep account={account} kind={kind} confirmation={confirmation} later={later} onBegun={() => setKept(false)} />,
        },
        {
          key: "keep",
          name: t("backup.steps.keep"),
          show: () => setUp && <KeepStep account={account} setUp={setUp} onKept={() => setKept(true)} />,
        },
        {
          key: "type",
          name: t("backup.steps.type"),
          show: () => setUp && <TypeBackStep account={account} kind={setUp.kind} method={setUp.method} onBack={() => setKept(false)} />,
        },
        { key: "run", name: t("backup.steps.checked"), show: () => setUp && <RunStep account={account} setUp={setUp} /> },
      ]}
    />
  );
}
