import { useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUpKind } from "../../../shared/contract/setUp.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { NewPassphraseFields, useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { beginSetUp, type ResetConfirmation } from "../../stores/secureBackup.ts";

interface ChooseStepProps {
  readonly account: Account;
  readonly kind: SetUpKind;
  /** How a reset was confirmed. */
  readonly confirmation: ResetConfirmation | null;
  readonly later: ReactNode;
  readonly onBegun: () => void;
}

/** A Security Key alone, or a Security Phrase as well. */
export function ChooseStep({ account, kind, confirmation, later, onBegun }: ChooseStepProps) {
  const { accountId } = account;
  const [method, setMethod] = useState<"key" | "phrase">("key");
  const phrase = useNewPassphrase((typed) => steward.secureBackup.phraseStrength({ accountId, phrase: typed }));
  const begin = useAction(async () => {
    await beginSetUp(accountId, kind, method === "phrase" ? phrase.typed : null, confirmation);
    onBegun();
  });
  return (
    <Form onSubmit={() => void begin.run()}>
      <Choice
        label={t("backup.choose.legend")}
        look="cards"
        value={method}
        onChange={setMethod}
        options={[
          { value: "key", text: t("backup.choose.key"), explanation: t("backup.choose.keyText") },
          { value: "phrase", text: t("backup.choose.phrase"), explanation: t("backup.choose.phraseText") },
        ]}
      />
      {method === "phrase" && (
        <NewPassphraseFields
          passphrase={phrase}
          words={{
            label: t("backup.choose.phraseField"),
            help: t("backup.choose.phraseHelp"),
            again: t("backup.choose.phraseAgain"),
            required: t("backup.choose.phraseRequired"),
            weak: t("backup.choose.phraseWeak"),
            differs: t("backup.choose.phraseDiffers"),
          }}
        />
      )}
      {begin.error && <ErrorText error={begin.error} />}
      <Buttons end={later}>
        <Button type="submit" look="primary" busy={begin.busy}>
          {t(begin.busy ? "backup.choose.busy" : "common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}
