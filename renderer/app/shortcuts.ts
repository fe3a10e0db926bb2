import { isMac } from "../bridge.ts";
import { t } from "../i18n/index.ts";
import { useAccounts } from "../stores/accounts.ts";
import { useChallenges } from "../stores/challenges.ts";
import { closeDialog, openDialog, useDialogs } from "../stores/dialogs.ts";
import { go, goToAccount } from "../stores/routes.ts";

/** The key that shortcuts go with, as it is written on this system, before the key itself. */
export function withModifier(key: string): string {
  return isMac() ? `⌘${key}` : t("keys.control", { key });
}

/** Listens for the shortcuts that work everywhere. Returns the function that stops listening. */
export function listenForShortcuts(): () => void {
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

function onKeyDown(event: KeyboardEvent): void {
  const modifier = isMac() ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!modifier || event.altKey || event.shiftKey) return;
  // A Challenge waits for its answer: nothing else may cover it.
  if (useChallenges.getState().open.length > 0) return;
  if (perform(event.key.toLowerCase(), /^Digit([1-9])$/.exec(event.code)?.[1])) event.preventDefault();
}

function perform(key: string, digit: string | undefined): boolean {
  const dialog = useDialogs.getState().open;
  if (key === "k") {
    if (dialog?.name === "palette") closeDialog();
    else if (!dialog) openDialog({ name: "palette" });
    return true;
  }
  if (dialog && dialog.name !== "palette") return false;
  if (key === ",") {
    closeDialog();
    go({ name: "settings" });
    return true;
  }
  const accountId = digit === undefined ? undefined : useAccounts.getState().order[Number(digit) - 1];
  if (accountId === undefined) return false;
  closeDialog();
  goToAccount(accountId);
  return true;
}
