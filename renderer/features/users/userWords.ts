import type { TimeSpan, UserFilter, UserRow } from "../../../shared/contract/users.ts";
import type { Verdict } from "../../accountHealth.ts";
import { daysBetween, dateWithoutTime, momentText, t } from "../../i18n/index.ts";
import { currentLocale } from "../../i18n/language.ts";

/** The kinds of users, in the order of their buttons. */
export const userKinds: readonly UserFilter["kind"][] = [
  "current",
  "active",
  "people",
  "bots",
  "admins",
  "guests",
  "locked",
  "suspended",
  "shadowBanned",
  "deactivated",
  "erased",
  "hidden",
  "all",
];

/** When users were last seen, in the order of the choice. */
export const seenChoices: readonly UserFilter["seen"][] = ["any", "over30", "over90", "over365", "unknown"];

/** How a user is called: their display name, or their Matrix ID. */
export function nameOfUser({ userId, displayName }: Pick<UserRow, "userId" | "displayName">): string {
  return displayName?.trim() || userId;
}

/** What sets a user apart, the gravest first. A server that does not say that somebody is locked says nothing here either. */
export function verdictsOf(user: UserRow & { readonly suspended?: boolean | null }): Verdict[] {
  const verdicts: (Verdict | false)[] = [
    user.deactivated && { tone: "quiet", text: t(user.erased ? "users.erased" : "users.deactivated") },
    user.locked === true && { tone: "warn", text: t("users.locked") },
    user.suspended === true && { tone: "warn", text: t("users.suspended") },
    user.shadowBanned === true && { tone: "warn", text: t("users.shadowBanned") },
    user.admin && { tone: "good", text: t("users.admin") },
    user.guest && { tone: "quiet", text: t("users.guest") },
    user.userType !== null && { tone: "quiet", text: user.userType },
  ];
  return verdicts.filter((verdict) => verdict !== false);
}

/** When a user was last here. Servers forget it after some weeks, so that nothing known is not "never". */
export function lastSeenText(lastSeenAt: number | null): string {
  return lastSeenAt === null ? t("users.unknown") : momentText(lastSeenAt);
}

/** A day, with its year: when an account was made is of interest years later. */
export function dayText(moment: number | null): string {
  if (moment === null) return t("users.unknown");
  if (daysBetween(moment, Date.now()) < 1) return momentText(moment);
  return dateWithoutTime(moment);
}

/** The lines of a text field as patterns, each once. */
export function patternsIn(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[\n,]/)
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  ];
}

/** A span of time by its days, both included. */
export function spanText({ from, to }: TimeSpan): string {
  if (from === null) return t("users.until", { date: dateWithoutTime((to ?? Date.now()) - 1) });
  if (to === null) return t("users.since", { date: dateWithoutTime(from) });
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium" }).formatRange(from, to - 1);
}

/** Whether a filter is any other than the one that the page opens with. */
export function isNarrowed({ search, kind, seen, created, lastSeen }: UserFilter): boolean {
  return search !== "" || kind !== "current" || seen !== "any" || created != null || lastSeen != null;
}

/** A server's version, without what it adds about how it was built. */
export const versionText = (version: string): string => version.replace(/\s*\(.*$/s, "");
