import type { TimeSpan } from "../../../shared/contract/users.ts";
import type { UserStatistics } from "../../../shared/contract/userStatistics.ts";
import { t } from "../../i18n/index.ts";
import { currentLocale } from "../../i18n/language.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** When users of a span were last seen, as it was when they were counted. */
export function lastSeenName({ from, to }: TimeSpan, collectedAt: number): string {
  const days = (moment: number): number => Math.round((collectedAt - moment) / DAY_MS);
  if (from === null) return t("statistics.over", { days: days(to ?? collectedAt) });
  return to === null ? t("statistics.within", { days: days(from) }) : t("statistics.between", { from: days(to), to: days(from) });
}

/** The month or the year in which users of a span were created. */
export function createdName(span: TimeSpan, by: UserStatistics["created"]["by"], collectedAt: number): string {
  // What is open at its beginning ends where the next one begins.
  const moment = span.from ?? (span.to === null ? collectedAt : span.to - 1);
  const name = new Intl.DateTimeFormat(currentLocale(), by === "year" ? { year: "numeric" } : { month: "long", year: "numeric" }).format(
    moment,
  );
  return span.from === null && span.to !== null ? t("statistics.orEarlier", { time: name }) : name;
}
