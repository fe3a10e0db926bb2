import { useState } from "react";
import type { PasswordChoiceInput } from "../../../shared/contract/userActions.ts";
import { steward } from "../../bridge.ts";
import { Choice } from "../../components/Choice.tsx";
import { type NewPassphrase, useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { t } from "../../i18n/index.ts";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";

type Kind = PasswordChoiceInput["kind"];

/** How a user gets a password, while it is being chosen. */
export interface ChoosingPassword {
  readonly kind: Kind;
  readonly setKind: (kind: Kind) => void;
  readonly own: NewPassphrase;
  /** Null while what is typed cannot be handed in. */
  readonly choice: PasswordChoiceInput | null;
}

/** @param userId whose it will be, so that it is not made of their name */
export function useChoosingPassword(userId: string, first: Kind = "generated"): ChoosingPassword {
  const [kind, setKind] = useState<Kind>(first);
  const own = useNewPassphrase((password) => steward.newUsers.strength({ userId, password }));
  const choice: PasswordChoiceInput | null = kind !== "own" ? { kind } : own.ready ? { kind, password: own.typed } : null;
  return { kind, setKind, own, choice };
}

interface PasswordChooserProps {
  readonly choosing: ChoosingPassword;
  /** Whether there may be none, as where people sign in with a provider. */
  readonly offersNone?: boolean;
}

/** Made up, typed, or none. */
export function PasswordChooser({ choosing, offersNone = false }: PasswordChooserProps) {
  const { kind, setKind, own } = choosing;
  return (
    <>
      <Choice
        label={t("passwordChoice.label")}
        look="cards"
        value={kind}
        onChange={setKind}
        options={[
          { value: "generated", text: t("passwordChoice.generated"), explanation: t("passwordChoice.generatedHelp") },
          { value: "own", text: t("passwordChoice.own"), explanation: t("passwordChoice.ownHelp") },
          ...(offersNone ? [{ value: "none" as const, text: t("passwordChoice.none"), explanation: t("passwordChoice.noneHelp") }] : []),
        ]}
      />
      {kind === "own" && <NewPassword password={own} help={t("passwordChoice.fieldHelp")} />}
    </>
  );
}
