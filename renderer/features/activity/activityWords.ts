import type { Activity } from "../../../shared/contract/activity.ts";
import { dateText, t } from "../../i18n/index.ts";

/** What happened, as a short sentence. */
export function activityTitle({ kind, subject }: Activity): string {
  const name = subject ?? "";
  return t(`activity.kinds.${kind}`, { name });
}

/** When it happened: a moment, or the two between which it did. */
export function betweenText({ since, noticedAt }: Activity): string {
  const [first, last] = [dateText(since), dateText(noticedAt)];
  return first === last ? first : t("activity.between", { since: first, noticed: last });
}
