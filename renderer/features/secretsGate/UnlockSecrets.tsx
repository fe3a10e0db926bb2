import { useState } from "react";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form, Page } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";
import { putOffUnlocking } from "../../stores/secrets.ts";
import { ForgetPassphrase } from "./ForgetPassphrase.tsx";
import { isRunning } from "./secretsGateNeeded.ts";
import { taken } from "./protectionChosen.ts";

/** Asks for the passphrase, and leads on without one that was forgotten. */
export function UnlockSecrets() {
  const [passphrase, setPassphrase] = useState("");
  const [forgotten, setForgotten] = useState(false);
  const someRun = useAccounts(({ byId }) => Object.values(byId).some(isRunning));
  const unlock = useAction(() => taken(steward.secrets.unlock({ passphrase })));
  if (forgotten) return <ForgetPassphrase onBack={() => setForgotten(false)} />;
  return (
    <Page title={t("gate.lockedTitle")} subtitle={t("gate.lockedText")}>
      <Form onSubmit={() => void (passphrase && unlock.run())}>
        <PasswordField
          label={t("gate.passphraseField")}
          value={passphrase}
          onChange={setPassphrase}
          autoComplete="current-password"
          autoFocus
        />
        {unlock.error && <ErrorText error={unlock.error} />}
        <Buttons>
          <Button type="submit" look="primary" busy={unlock.busy} isDisabled={passphrase === ""}>
            {t("gate.unlock")}
          </Button>
          {someRun && (
            <Button isDisabled={unlock.busy} onPress={later}>
              {t("common.later")}
            </Button>
          )}
        </Buttons>
        <Buttons>
          <Button isDisabled={unlock.busy} onPress={() => setForgotten(true)}>
            {t("gate.forgotten")}
          </Button>
        </Buttons>
      </Form>
    </Page>
  );
}

function later(): void {
  putOffUnlocking();
  go({ name: "all" });
}
