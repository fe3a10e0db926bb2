import { useEffect } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Notice } from "../../components/Notice.tsx";
import { t } from "../../i18n/index.ts";
import { activities } from "../../stores/activity.ts";
import { go } from "../../stores/routes.ts";

/** Email addresses that have gone from the account without anybody here having removed them: servers give them away without a word. */
export function VanishedEmails({ accountId }: { readonly accountId: AccountId }) {
  const { answer } = activities.use(accountId);
  useEffect(() => {
    void activities.load(accountId);
    // What is seen now is compared with what was seen before, and told as activity. Where it can't be had, the list says why.
    steward.accounts.refreshHealth({ accountId }).catch(() => undefined);
  }, [accountId]);
  const vanished = (answer ?? []).filter(({ kind, here, answer: said }) => kind === "email_removed" && !here && said === null);
  return vanished.map(({ activityId, subject }) => (
    <Notice
      key={activityId}
      tone="warn"
      live
      actions={
        <Button small onPress={() => go({ name: "account", accountId, page: "activity" })}>
          {t("addresses.vanishedLook")}
        </Button>
      }
    >
      {t("addresses.vanished", { address: subject ?? "" })}
    </Notice>
  ));
}
