import type { AccountId } from "../../shared/ids.ts";
import { t } from "../i18n/index.ts";
import { go } from "../stores/routes.ts";
import { Button } from "./Button.tsx";
import { Notice } from "./Notice.tsx";

/** Says that a page needs the account's session, which doesn't run, and leads to where it is said why. */
export function NotRunning({ accountId, text }: { readonly accountId: AccountId; readonly text: string }) {
  return (
    <Notice
      tone="info"
      actions={
        <Button small onPress={() => go({ name: "account", accountId, page: "overview" })}>
          {t("backup.goOverview")}
        </Button>
      }
    >
      {text}
    </Notice>
  );
}
