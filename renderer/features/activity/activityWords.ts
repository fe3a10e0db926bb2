import type { Activity } from "../../../shared/contract/activity.ts";
import { t } from "../../i18n/index.ts";

/** What happened, as a short sentence. */
export function activityTitle({ kind, subject }: Activity): string {
  const name = subject ?? "";
  return t(`activity.kinds.${kind}`, { name });
}
