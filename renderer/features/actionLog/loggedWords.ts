import type { LoggedAction } from "../../../shared/contract/actionLog.ts";
import type { Verdict } from "../../accountHealth.ts";
import { t, textOrNull } from "../../i18n/index.ts";

const tones: Record<LoggedAction["result"], Verdict["tone"]> = { begun: "warn", done: "good", failed: "bad", unknown: "warn" };

/** What was done, in words; one that a later version has written as it stands there. */
export function actionText({ action, detail, result }: LoggedAction): string {
  const words = textOrNull(`actionLog.actions.${action}`) ?? action;
  return result === "done" && detail !== null ? t("actionLog.withDetail", { action: words, detail }) : words;
}

/** What came of it, and why where it failed. */
export function resultVerdict({ result }: LoggedAction): Verdict {
  return { tone: tones[result], text: t(`actionLog.results.${result}`) };
}

/** Whether an entry has each of the words that were typed. */
export function matchesLogged(entry: LoggedAction, query: string): boolean {
  const text = `${entry.actor} ${entry.target} ${actionText(entry)} ${resultVerdict(entry).text} ${entry.detail ?? ""}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
