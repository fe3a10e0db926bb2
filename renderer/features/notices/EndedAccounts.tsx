import { Notice } from "../../components/Notice.tsx";
import { t } from "../../i18n/index.ts";
import { dismissEndedAccount, useEndedAccounts } from "../../stores/deactivation.ts";

/** Accounts that were deactivated from here: what has happened, until the person has read it. */
export function EndedAccounts() {
  const ended = useEndedAccounts((state) => state.ended);
  return ended.map(({ userId, erased, foundOutLater, unboundEverywhere }) => (
    <Notice key={userId} tone="success" live onDismiss={() => void dismissEndedAccount(userId)}>
      <strong>{t("ended.title", { userId })}</strong> {t("ended.text")} {t(erased ? "ended.erased" : "ended.notErased")}
      {foundOutLater && ` ${t("ended.foundOutLater")}`}
      {unboundEverywhere === false && ` ${t("ended.notUnbound")}`}
    </Notice>
  ));
}
