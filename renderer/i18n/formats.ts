import { currentLocale } from "./language.ts";
import { t } from "./texts.ts";

const inUnit = (value: number, unit: string, unitDisplay: "long" | "short"): string =>
  new Intl.NumberFormat(currentLocale(), { style: "unit", unit, unitDisplay }).format(value);

/** A number with the language's separators. */
export function numberText(value: number): string {
  return new Intl.NumberFormat(currentLocale()).format(value);
}

/** A number of bytes as people say it, in steps of 1,000. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return inUnit(bytes, "byte", "long");
  if (bytes < 1_000_000) return inUnit(Math.floor(bytes / 1000), "kilobyte", "short");
  return inUnit(Math.floor(bytes / 100_000) / 10, "megabyte", "short");
}

/** A length of time, rounded up, in its largest fitting unit. `milliseconds` below zero counts as zero. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 120) return inUnit(seconds, "second", "long");
  if (seconds < 7200) return inUnit(Math.ceil(seconds / 60), "minute", "long");
  return inUnit(Math.ceil(seconds / 3600), "hour", "long");
}

/** How many midnights lie between two moments in local time; 0 is "today". */
export function daysBetween(earlier: number, later: number): number {
  const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000);
}

/** A past moment as "just now", "5 minutes ago", "yesterday" or a date. Both in milliseconds since 1970. */
export function momentText(moment: number, now: number = Date.now()): string {
  const relative = new Intl.RelativeTimeFormat(currentLocale(), { numeric: "auto" });
  const seconds = Math.max(0, Math.round((now - moment) / 1000));
  if (seconds < 60) return t("time.justNow");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  const days = daysBetween(moment, now);
  if (days === 0) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (days < 28) return relative.format(-days, "day");
  return dateText(moment);
}

/** A moment as a date with its time, in the person's own time zone. */
export function dateText(moment: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

/** A moment as a date without a time. */
export function dateWithoutTime(moment: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium" }).format(moment);
}

/** Names one after another, as a sentence has them: "a, b, and c". */
export function listText(names: readonly string[]): string {
  return new Intl.ListFormat(currentLocale()).format(names);
}

/** Orders two names as the language does. */
export function compareNames(one: string, other: string): number {
  return one.localeCompare(other, currentLocale());
}
