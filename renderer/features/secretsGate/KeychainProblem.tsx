import { useEffect, useRef, useState } from "react";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, focusPageTitle, Page, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { listText, type PlainTextKey, t } from "../../i18n/index.ts";
import { ChooseProtection, type OtherProtection } from "./ChooseProtection.tsx";
import { taken } from "./protectionChosen.ts";
import { useWhereKept } from "./useWhereKept.ts";

type Problem = NonNullable<SecretsState["keychainProblem"]>;

/** Says that the keychain does not work, asks it again, and leads on without it. */
export function KeychainProblem({ problem }: { readonly problem: Problem }) {
  const retry = useAction(() => taken(steward.secrets.retryKeychain({})));
  const [chosen, setChosen] = useState<OtherProtection | null>(null);
  const kept = useWhereKept();
  const what = whatWaits(kept);
  useFocusOnChange(chosen);
  if (chosen) return <ChooseProtection instead={{ of: what, chosen, onBack: () => setChosen(null) }} />;
  return (
    <Page
      title={t(problem === "locked" ? "gate.keychainLockedTitle" : "gate.keychainUnreachableTitle")}
      subtitle={t(textOf(problem, kept))}
    >
      {retry.error && <ErrorText error={retry.error} />}
      <Buttons>
        <Button look="primary" busy={retry.busy} onPress={() => void retry.run()}>
          {t("gate.retry")}
        </Button>
      </Buttons>
      <Section title={t("gate.insteadTitle")}>
        <p>{what}</p>
        <Buttons>
          <Button onPress={() => setChosen("passphrase")}>{t("gate.passphraseInstead")}</Button>
          <Button onPress={() => setChosen("thisTime")}>{t("gate.thisTimeInstead")}</Button>
        </Buttons>
      </Section>
    </Page>
  );
}

function textOf(problem: Problem, kept: ReturnType<typeof useWhereKept>): PlainTextKey {
  if (problem === "unreachable") return "gate.keychainUnreachableText";
  const isNew = kept !== null && kept !== "unknown" && kept.keychain.length === 0;
  return isNew ? "gate.keychainLockedNew" : "gate.keychainLockedText";
}

/** What becomes of the accounts that depend on the keychain when the person goes on without it. */
function whatWaits(kept: ReturnType<typeof useWhereKept>): string {
  if (kept === null || kept === "unknown") return t("gate.insteadUnknown");
  const accounts = kept.keychain;
  if (accounts.length === 0) return t("gate.insteadNone");
  const names = listText(accounts.map(nameOf));
  return t("gate.insteadText", { count: accounts.length, names });
}

/** What was pressed is gone when another step is shown: its title gets the focus. */
function useFocusOnChange(step: string | null): void {
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) focusPageTitle();
    before.current = step;
  }, [step]);
}
