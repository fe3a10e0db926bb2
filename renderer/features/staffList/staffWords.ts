import type { StaffDifference, StaffGroup } from "../../../shared/contract/staffList.ts";
import type { Verdict } from "../../accountHealth.ts";
import { errorWords, t } from "../../i18n/index.ts";
import { changeText, problemText } from "../bulk/bulkWords.ts";
import { lastSeenText } from "../users/userWords.ts";

/** In the order in which they are shown. */
export const GROUPS = ["missing", "extra", "different", "inactive", "unusable"] as const satisfies readonly StaffGroup[];

const tones = { missing: "warn", extra: "warn", different: "warn", inactive: "warn", unusable: "bad" } as const;

/** How somebody differs, in a word or two. */
export function staffVerdict({ reason }: Pick<StaffDifference, "reason">, group: StaffGroup): Verdict {
  if (reason === null) return { tone: tones[group], text: t(`staffList.group.${group}`) };
  return { tone: reason === "own_account" || reason === "admin" ? "quiet" : tones[group], text: t(`staffList.reason.${reason}`) };
}

/** What is otherwise, or why a row can't be used. */
export function staffDetails({ changes, problem, error, lastSeenAt }: StaffDifference, group: StaffGroup): string {
  const seen =
    (group === "extra" || group === "inactive") && lastSeenAt !== null ? [t("staffList.lastSeen", { time: lastSeenText(lastSeenAt) })] : [];
  return [
    ...changes.map(changeText),
    ...(problem ? [problemText(problem)] : []),
    ...(error ? [errorWords(error).sentence] : []),
    ...seen,
  ].join(" · ");
}
