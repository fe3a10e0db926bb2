import type { LoggedAction, LoggedChange } from "../../../shared/contract/actionLog.ts";
import type { Verdict } from "../../accountHealth.ts";
import { momentText, t, textOrNull } from "../../i18n/index.ts";

const tones: Record<LoggedAction["result"], Verdict["tone"]> = { begun: "warn", done: "good", failed: "bad", unknown: "warn" };

/** What was done, in words; one that a later version has written as it stands there. */
export function actionText({ action, detail, result }: LoggedAction): string {
  const words = textOrNull(`actionLog.actions.${action}`) ?? action;
  return result === "done" && detail !== null ? t("actionLog.withDetail", { action: words, detail }) : words;
}

/** What is otherwise since, in words: a field of a later version, and an experimental feature, as they are named there. */
export function changeText({ field, before, after }: LoggedChange): string {
  const name = textOrNull(`actionLog.fields.${field}`) ?? field;
  return t("bulk.change", { field: name, before: valueText(field, before), after: valueText(field, after) });
}

/** What anybody may have typed, also "true". */
const TYPED: ReadonlySet<string> = new Set(["displayName", "userType", "email", "phone", "externalId", "avatar"]);

/** Without a value there is no limit to these. */
const UNLIMITED: ReadonlySet<string> = new Set(["usesAllowed", "expiresAt"]);

function valueText(field: string, value: string | null): string {
  if (value === null) return t(UNLIMITED.has(field) ? "actionLog.noLimit" : "actionLog.nothing");
  if (!TYPED.has(field) && (value === "true" || value === "false")) return t(`actionLog.values.${value}`);
  const at = field === "expiresAt" ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? value : momentText(at);
}

/** What came of it, and why where it failed. */
export function resultVerdict({ result }: LoggedAction): Verdict {
  return { tone: tones[result], text: t(`actionLog.results.${result}`) };
}

/** Whether an entry has each of the words that were typed. */
export function matchesLogged(entry: LoggedAction, query: string): boolean {
  const changes = (entry.changes ?? []).map(changeText).join(" ");
  const text =
    `${entry.actor} ${entry.target} ${actionText(entry)} ${changes} ${resultVerdict(entry).text} ${entry.detail ?? ""}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
