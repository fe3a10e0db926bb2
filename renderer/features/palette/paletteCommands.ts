import type { Settings } from "../../../shared/contract/app.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Fix } from "../../accountHealth.ts";
import { errorOf, steward } from "../../bridge.ts";
import { errorWords, t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { announce } from "../../stores/announcements.ts";
import { closeDialog, openDialog } from "../../stores/dialogs.ts";
import { type AccountPage, go, type Route } from "../../stores/routes.ts";
import { chooseTheme } from "../../stores/settings.ts";
import { copyReport } from "../settings/copyReport.ts";

/** What choosing an item of the palette does. */
export type PaletteCommand =
  | { readonly do: "go"; readonly to: Route }
  | { readonly do: "theme"; readonly theme: Settings["theme"] }
  | { readonly do: "copyReport" | "lock" }
  | { readonly do: "checkAll" }
  | { readonly do: "check" | "signOut"; readonly accountId: AccountId }
  | { readonly do: "fix"; readonly fix: Fix; readonly accountId: AccountId };

/** Closes the palette and does it. What goes wrong is said at the top of the page. */
export async function performCommand(command: PaletteCommand): Promise<void> {
  closeDialog();
  try {
    await perform(command);
  } catch (thrown) {
    announce(() => errorWords(errorOf(thrown)).sentence, "warn");
  }
}

async function lockNow(): Promise<void> {
  if (!(await steward.lock.state({})).canLock) announce(() => t("lock.noWay"), "warn");
  else await steward.lock.lock({});
}

/** Where a fix is done that is not done at once. */
const pageOfFix: Record<Exclude<Fix, "retry" | "start">, AccountPage> = {
  sign_in_again: "overview",
  set_up_backup: "secureBackup",
  continue_backup: "secureBackup",
  unlock_backup: "secureBackup",
  review_identity: "secureBackup",
  review_sessions: "sessions",
};

async function perform(command: PaletteCommand): Promise<void> {
  switch (command.do) {
    case "go":
      return go(command.to);
    case "theme":
      return chooseTheme(command.theme);
    case "copyReport":
      await copyReport(steward);
      return announce(() => t("settings.reportCopied"));
    case "lock":
      return await lockNow();
    case "check":
      await steward.accounts.refreshHealth({ accountId: command.accountId });
      return;
    case "checkAll":
      await Promise.allSettled(useAccounts.getState().order.map((accountId) => steward.accounts.refreshHealth({ accountId })));
      return;
    case "signOut":
      return openDialog({ name: "signOut", accountId: command.accountId });
    case "fix":
      if (command.fix === "retry" || command.fix === "start") {
        await steward.accounts.retry({ accountId: command.accountId });
        return;
      }
      return go({ name: "account", accountId: command.accountId, page: pageOfFix[command.fix] });
  }
}
