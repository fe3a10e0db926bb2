import { useState } from "react";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { NewPassphraseFields, useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { taken } from "./protectionChosen.ts";

/** What protects secrets where the keychain does not. */
export type OtherProtection = "passphrase" | "thisTime";

interface ChooseProtectionProps {
  /** The choice was made because a keychain that is there does not work. */
  readonly instead?: {
    readonly of: string;
    readonly chosen: OtherProtection;
    readonly onBack: () => void;
  };
}

/** Asks what is to protect secrets. */
export function ChooseProtection({ instead }: ChooseProtectionProps) {
  const [choice, setChoice] = useState<OtherProtection>(instead?.chosen ?? "passphrase");
  const passphrase = useNewPassphrase((typed) => steward.secrets.passphraseStrength({ passphrase: typed }));
  const choose = useAction(() =>
    taken(
      choice === "passphrase" ? steward.secrets.choosePassphrase({ passphrase: passphrase.typed }) : steward.secrets.chooseThisTimeOnly({}),
    ),
  );
  return (
    <Page title={t(instead ? "gate.insteadTitle" : "gate.unprotectedTitle")} subtitle={instead ? instead.of : t("gate.unprotectedText")}>
      <Form onSubmit={() => void choose.run()}>
        <Choice
          label={t("gate.choices")}
          hideLabel
          look="cards"
          value={choice}
          onChange={setChoice}
          options={[
            { value: "passphrase", text: t("gate.passphrase"), explanation: t("gate.passphraseText") },
            { value: "thisTime", text: t("gate.thisTime"), explanation: t("gate.thisTimeText") },
          ]}
        />
        {choice === "passphrase" && (
          <NewPassphraseFields
            passphrase={passphrase}
            words={{
              label: t("gate.passphraseField"),
              help: t("gate.passphraseHelp"),
              again: t("gate.passphraseAgain"),
              required: t("gate.passphraseRequired"),
              weak: t("gate.passphraseWeak"),
              differs: t("gate.passphraseDiffers"),
            }}
          />
        )}
        {choose.error && <ErrorText error={choose.error} />}
        <Buttons>
          <Button type="submit" look="primary" busy={choose.busy}>
            {t("gate.choose")}
          </Button>
          {instead && <Button onPress={instead.onBack}>{t("common.back")}</Button>}
        </Buttons>
      </Form>
    </Page>
  );
}
