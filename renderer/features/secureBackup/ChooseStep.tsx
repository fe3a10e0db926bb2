import { useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUpKind } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { beginSetUp } from "../../stores/secureBackup.ts";
import { StrengthMeter } from "./StrengthMeter.tsx";
import { usePhraseStrength } from "./usePhraseStrength.ts";

interface ChooseStepProps {
  readonly account: Account;
  readonly kind: SetUpKind;
  /** What was typed to confirm a reset. */
  readonly confirmation: string | null;
  readonly later: ReactNode;
  readonly onBegun: () => void;
}

/** Step 1: a Security Key alone, or a Security Phrase as well. */
export function ChooseStep({ account, kind, confirmation, later, onBegun }: ChooseStepProps) {
  const { accountId } = account;
  const [method, setMethod] = useState<"key" | "phrase">("key");
  const [phrase, setPhrase] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const strength = usePhraseStrength(accountId, method === "phrase" ? phrase : "");
  const begin = useAction(async () => {
    await beginSetUp(accountId, kind, method === "phrase" ? phrase : null, confirmation);
    onBegun();
  });
  const weak = strength !== null && !strength.good;
  const differs = phrase !== again;
  const submit = (): void => {
    setTried(true);
    if (method === "key" || (phrase !== "" && !weak && !differs)) void begin.run();
  };
  const phraseProblem = !tried
    ? null
    : phrase === ""
      ? t("backup.choose.phraseRequired")
      : weak
        ? t("backup.choose.phraseWeak")
        : null;
  return (
    <Form onSubmit={submit}>
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
        <>
          <PasswordField
            label={t("backup.choose.phraseField")}
            help={t("backup.choose.phraseHelp")}
            value={phrase}
            onChange={setPhrase}
            autoComplete="new-password"
            problem={phraseProblem}
          />
          {phrase !== "" && <StrengthMeter strength={strength} />}
          <PasswordField
            label={t("backup.choose.phraseAgain")}
            value={again}
            onChange={setAgain}
            autoComplete="new-password"
            problem={tried && differs ? t("backup.choose.phraseDiffers") : null}
          />
        </>
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
