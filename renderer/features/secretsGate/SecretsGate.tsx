import { useState } from "react";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { NewPassphraseFields, useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Buttons, Form, Page } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { secretsChanged, secretsNeed, useSecrets } from "../../stores/secrets.ts";
import { useAccounts, loadAccounts } from "../../stores/accounts.ts";

/** Stands before everything else while this computer's secrets cannot be used. */
export function SecretsGate() {
  const state = useSecrets((secrets) => secrets.state);
  switch (secretsNeed(state)) {
    case "choose":
      return <ChooseProtection />;
    case "unlock":
      return <UnlockSecrets />;
    case "keychain":
      return <KeychainProblem problem={state?.keychainProblem ?? "unreachable"} />;
    case null:
      return null;
  }
}

async function taken(answer: Promise<SecretsState>): Promise<void> {
  secretsChanged(await answer);
  // What the accounts are doing has changed with it; the list may not have been readable before.
  if (useAccounts.getState().status === "failed") await loadAccounts();
}

function ChooseProtection() {
  const [choice, setChoice] = useState<"passphrase" | "thisTime">("passphrase");
  const passphrase = useNewPassphrase((typed) => steward.secrets.passphraseStrength({ passphrase: typed }));
  const [tried, setTried] = useState(false);
  const choose = useAction(() =>
    taken(
      choice === "passphrase"
        ? steward.secrets.choosePassphrase({ passphrase: passphrase.typed })
        : steward.secrets.chooseThisTimeOnly({}),
    ),
  );
  const submit = (): void => {
    setTried(true);
    if (choice === "thisTime" || passphrase.ready) void choose.run();
  };
  return (
    <Page title={t("gate.unprotectedTitle")} subtitle={t("gate.unprotectedText")}>
      <Form onSubmit={submit}>
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
            tried={tried}
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
        </Buttons>
      </Form>
    </Page>
  );
}

function UnlockSecrets() {
  const [passphrase, setPassphrase] = useState("");
  const unlock = useAction(() => taken(steward.secrets.unlock({ passphrase })));
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
        </Buttons>
      </Form>
    </Page>
  );
}

function KeychainProblem({ problem }: { readonly problem: NonNullable<SecretsState["keychainProblem"]> }) {
  const retry = useAction(() => taken(steward.secrets.retryKeychain({})));
  const locked = problem === "locked";
  return (
    <Page
      title={t(locked ? "gate.keychainLockedTitle" : "gate.keychainUnreachableTitle")}
      subtitle={t(locked ? "gate.keychainLockedText" : "gate.keychainUnreachableText")}
    >
      {retry.error && <ErrorText error={retry.error} />}
      <Buttons>
        <Button look="primary" busy={retry.busy} onPress={() => void retry.run()}>
          {t("gate.retry")}
        </Button>
      </Buttons>
    </Page>
  );
}
