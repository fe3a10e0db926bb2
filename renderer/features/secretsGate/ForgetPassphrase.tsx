import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, focusPageTitle, Page, Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { useAccountList } from "../../stores/accounts.ts";
import styles from "./SecretsGate.module.css";
import { taken } from "./protectionChosen.ts";
import { useWhereKept } from "./useWhereKept.ts";

/** Says what going on without the passphrase costs, in this computer's own numbers, before it is done. */
export function ForgetPassphrase({ onBack }: { readonly onBack: () => void }) {
  const kept = useWhereKept();
  const sealed = kept === null || kept === "unknown" ? null : kept.passphrase;
  const others = useAccountList().length - (sealed?.length ?? 0);
  const forget = useAction(() => taken(steward.secrets.forgetPassphrase({})));
  useEffect(focusPageTitle, []);
  return (
    <Page title={t("gate.forgetTitle")} subtitle={t("gate.forgetText")}>
      {kept === null && <Skeleton label={t("app.loading")} lines={2} />}
      {kept === "unknown" && <p>{t("gate.forgetUnknown")}</p>}
      {sealed && sealed.length > 0 && (
        <Section title={t("gate.forgetAccounts", { count: sealed.length })}>
          <Rows label={t("gate.forgetAccounts", { count: sealed.length })}>
            {sealed.map((account) => (
              <Row
                key={account.accountId}
                title={nameOf(account) === account.userId ? account.userId : `${nameOf(account)} · ${account.userId}`}
                text={lossText(account)}
              />
            ))}
          </Rows>
        </Section>
      )}
      <ul className={styles["list"]}>
        <li>{t("gate.forgetKept")}</li>
        {sealed && others > 0 && <li>{t("gate.forgetOthers", { count: others })}</li>}
        <li>{t("gate.forgetKeys")}</li>
        <li>{t("gate.forgetSessions")}</li>
      </ul>
      {forget.error && <ErrorText error={forget.error} />}
      <Buttons>
        <Button look="danger" busy={forget.busy} isDisabled={kept === null} onPress={() => void forget.run()}>
          {t("gate.forget")}
        </Button>
        <Button isDisabled={forget.busy} onPress={onBack}>
          {t("common.back")}
        </Button>
      </Buttons>
    </Page>
  );
}

/** What was last known of the account's Secure Backup, and what follows for its room keys. */
function lossText({ health }: Account): string {
  const state = health?.secureBackup ?? "unknown";
  const when = health ? momentText(health.checkedAt) : "";
  if (state === "working") return t("gate.forgetBackup", { when });
  if (state === "not_set_up") return t("gate.forgetNoBackup");
  return state === "unknown" ? t("gate.forgetBackupUnknown") : t("gate.forgetBackupNotWorking", { when });
}
