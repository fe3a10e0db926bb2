import { useState, type ReactNode } from "react";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

interface PassphraseFormProps {
  readonly unlock: (passphrase: string) => Promise<unknown>;
  /** Whether password managers may fill it in. */
  readonly autoComplete: "current-password" | "off";
  /** Buttons beside the one that unlocks. */
  readonly beside?: (busy: boolean) => ReactNode;
  readonly below?: (busy: boolean) => ReactNode;
}

/** Asks for the passphrase that opens what is kept here. */
export function PassphraseForm({ unlock: perform, autoComplete, beside, below }: PassphraseFormProps) {
  const [passphrase, setPassphrase] = useState("");
  const unlock = useAction(() => perform(passphrase));
  return (
    <Form onSubmit={() => void (passphrase !== "" && unlock.run())}>
      <PasswordField label={t("gate.passphraseField")} value={passphrase} onChange={setPassphrase} autoComplete={autoComplete} autoFocus />
      {unlock.error && <ErrorText error={unlock.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={unlock.busy} isDisabled={passphrase === ""}>
          {t("gate.unlock")}
        </Button>
        {beside?.(unlock.busy)}
      </Buttons>
      {below?.(unlock.busy)}
    </Form>
  );
}
