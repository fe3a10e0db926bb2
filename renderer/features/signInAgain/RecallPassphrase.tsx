import { useState } from "react";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { secretsChanged } from "../../stores/secrets.ts";

/** The form for a passphrase that was forgotten and has come back: what it sealed can be opened again. */
export function RecallPassphrase() {
  const [passphrase, setPassphrase] = useState("");
  const recall = useAction(async () => secretsChanged(await steward.secrets.recallPassphrase({ passphrase })));
  return (
    <Form onSubmit={() => void (passphrase && recall.run())}>
      <p>{t("again.recallText")}</p>
      <PasswordField label={t("again.recallField")} value={passphrase} onChange={setPassphrase} autoComplete="current-password" />
      {recall.error && <ErrorText error={recall.error} />}
      <Buttons>
        <Button type="submit" busy={recall.busy} isDisabled={passphrase === ""}>
          {t("again.recall")}
        </Button>
      </Buttons>
    </Form>
  );
}
