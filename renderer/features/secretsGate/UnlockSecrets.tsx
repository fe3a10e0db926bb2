import { useState } from "react";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";
import { putOffUnlocking } from "../../stores/secrets.ts";
import { ForgetPassphrase } from "./ForgetPassphrase.tsx";
import { PassphraseForm } from "./PassphraseForm.tsx";
import { taken } from "./protectionChosen.ts";
import { isRunning } from "./secretsGateNeeded.ts";

/** Asks for the passphrase, and leads on without one that was forgotten. */
export function UnlockSecrets() {
  const [forgotten, setForgotten] = useState(false);
  const someRun = useAccounts(({ byId }) => Object.values(byId).some(isRunning));
  if (forgotten) return <ForgetPassphrase onBack={() => setForgotten(false)} />;
  return (
    <Page title={t("gate.lockedTitle")} subtitle={t("gate.lockedText")}>
      <PassphraseForm
        unlock={(passphrase) => taken(steward.secrets.unlock({ passphrase }))}
        autoComplete="current-password"
        beside={(busy) =>
          someRun && (
            <Button isDisabled={busy} onPress={later}>
              {t("common.later")}
            </Button>
          )
        }
        below={(busy) => (
          <Buttons>
            <Button isDisabled={busy} onPress={() => setForgotten(true)}>
              {t("gate.forgotten")}
            </Button>
          </Buttons>
        )}
      />
    </Page>
  );
}

function later(): void {
  putOffUnlocking();
  go({ name: "all" });
}
