import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { Notice } from "../../components/Notice.tsx";
import { t } from "../../i18n/index.ts";
import { isUnfinished, registrationName, useRegistrations } from "../../stores/registrations.ts";

/** Leads back to accounts that are still being created. */
export function UnfinishedRegistrations({ onContinue }: { readonly onContinue: (registrationId: AccountId) => void }) {
  const open = useRegistrations((state) => state.open);
  return open.filter(isUnfinished).map((registration) => (
    <Notice
      key={registration.registrationId}
      tone="info"
      actions={
        <Button small onPress={() => onContinue(registration.registrationId)}>
          {t("create.finish")}
        </Button>
      }
    >
      {t("create.underWay", { name: registrationName(registration) })}
    </Notice>
  ));
}
