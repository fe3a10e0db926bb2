import { useState } from "react";
import type { OffboardingAction } from "../../../shared/contract/offboarding.ts";
import { MAX_OFFBOARDED } from "../../../shared/personSearch.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { prepareOffboarding } from "../../stores/offboarding.ts";

const actions = ["lock", "suspend", "deactivate", "erase"] as const satisfies readonly OffboardingAction[];

/** What is to be done with the accounts that were chosen. */
export function ChooseAction({ count }: { readonly count: number }) {
  const [action, setAction] = useState<OffboardingAction>("lock");
  const prepare = useAction(async () => {
    await prepareOffboarding(action);
    focusPageTitle();
  });
  return (
    <Section title={t("offboarding.what", { count })}>
      <Choice
        label={t("offboarding.what", { count })}
        hideLabel
        look="cards"
        value={action}
        onChange={setAction}
        options={actions.map((one) => ({
          value: one,
          text: t(`offboarding.action.${one}`),
          explanation: t(`offboarding.actionText.${one}`),
        }))}
      />
      {count > MAX_OFFBOARDED && (
        <Notice tone="warn" live>
          {t("offboarding.tooMany", { most: MAX_OFFBOARDED })}
        </Notice>
      )}
      {prepare.error && <ErrorText error={prepare.error} />}
      <Buttons>
        <Button look="primary" busy={prepare.busy} isDisabled={count > MAX_OFFBOARDED} onPress={() => void prepare.run()}>
          {t("offboarding.look")}
        </Button>
      </Buttons>
    </Section>
  );
}
