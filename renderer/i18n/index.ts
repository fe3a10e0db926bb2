import type { AppError, NetworkReason } from "../../shared/errors.ts";
import { inSentence, isolated } from "./direction.ts";
import en from "./en.json" with { type: "json" };

type Plural = { one: string; other: string };

/** Every path through the text file that ends in a sentence or in a pair of plural forms. */
type PathOf<T> = {
  [K in keyof T & string]: T[K] extends string | Plural ? K : `${K}.${PathOf<T[K]>}`;
}[keyof T & string];

/** The name of one text: `all.title`, `errors.network`. */
export type TextKey = PathOf<typeof en>;

export type TextParams = Readonly<Record<string, string | number>>;

const locale = "en";
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

function lookUp(key: string): string | Plural | undefined {
  let node: unknown = en;
  for (const part of key.split(".")) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return node as string | Plural | undefined;
}

/**
 * The text called `key` with `{name}` replaced from `params`. A text with plural forms is chosen by `params.count`.
 * Numbers are written with the language's separators. Parameters are text: nothing in them is looked at again,
 * and none turns the direction of the sentence.
 */
export function t(key: TextKey, params: TextParams = {}): string {
  const found = lookUp(key);
  if (found === undefined) return key;
  const template =
    typeof found === "string" ? found : found[plurals.select(Number(params["count"] ?? 0)) === "one" ? "one" : "other"];
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : inSentence(value);
  });
}

/** "four" up to ten, figures above: how a sentence says a small number. */
export function numberWord(value: number): string {
  const word = lookUp(`numbers.${value}`);
  return typeof word === "string" ? word : numbers.format(value);
}

/** The same text with a capital first letter, for a number word that begins a sentence. */
export function capitalised(text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}

/** A number of bytes as people say it, in steps of 1,000. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return t("size.bytes", { count: bytes });
  if (bytes < 1_000_000) return t("size.kilobytes", { count: Math.floor(bytes / 1000) });
  return t("size.megabytes", { count: Math.floor(bytes / 100_000) / 10 });
}

/** A length of time, rounded up, in its largest fitting unit. `milliseconds` below zero counts as zero. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 120) return t("time.seconds", { count: seconds });
  if (seconds < 7200) return t("time.minutes", { count: Math.ceil(seconds / 60) });
  return t("time.hours", { count: Math.ceil(seconds / 3600) });
}

/** How many midnights lie between two moments in local time; 0 is "today". */
export function daysBetween(earlier: number, later: number): number {
  const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000);
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

/** A past moment as "just now", "5 minutes ago", "yesterday" or a date. Both in milliseconds since 1970. */
export function momentText(moment: number, now: number = Date.now()): string {
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
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

/** An error as a person reads it: what happened and, where there is something to do, what. */
export interface ErrorWords {
  readonly sentence: string;
  readonly next: string | null;
}

/** Turns an `AppError` into words. The countdown of `rate_limited` is the caller's to show. */
export function errorWords(error: AppError): ErrorWords {
  return { sentence: errorSentence(error), next: nextStep(error) };
}

const isOfProxy = (reason: NetworkReason): reason is Extract<NetworkReason, `proxy_${string}`> => reason.startsWith("proxy_");

function nextStep(error: AppError): string | null {
  switch (error.kind) {
    case "network":
      return isOfProxy(error.reason)
        ? t(`errorReasons.nextNetwork.${error.reason}`, { proxy: error.proxy ?? "" })
        : t("errorsNext.network");
    case "server":
      // Time mends what is wrong inside a server, and nothing that it refuses.
      return t(error.status >= 500 ? "errorsNext.server" : "errorReasons.nextServerRefuses");
    case "gateway_error":
      return t(error.status >= 500 ? "errorsNext.gateway_error" : "errorReasons.nextGatewayRefuses");
    case "consent_required":
      return error.url === null ? t("errorReasons.nextConsentUnknown") : t("errorsNext.consent_required", { url: error.url });
    case "resource_limit":
      return error.contact === null
        ? t("errorReasons.nextLimitUnknown")
        : t("errorsNext.resource_limit", { contact: error.contact.replace(/^mailto:/, "") });
    default: {
      const next = lookUp(`errorsNext.${error.kind}`);
      return typeof next === "string" ? next : null;
    }
  }
}

/** What is wrong with a field of that name, as a sentence. */
export function fieldProblemText(field: string, problem: string): string {
  const own = lookUp(`fieldProblems.${field}.${problem}`) ?? lookUp(`fieldProblems.any.${problem}`);
  return typeof own === "string" ? own : t("fieldProblems.any.wrong");
}

/** zod's words for what our own rules call otherwise. */
const SCHEMA_PROBLEMS: Readonly<Record<string, string>> = { too_big: "too_long", too_small: "empty", invalid_type: "empty" };

/** The fields that main refused and what is wrong with each, in the order in which main found them. */
function refusedFields(error: AppError): { readonly field: string; readonly problem: string }[] {
  if (error.kind !== "invalid_input") return [];
  return error.issues.map((issue) => {
    const [, path = "", problem = ""] = /^([\w.]+): (\w+)$/.exec(issue) ?? [];
    // Of a list, the list: `deviceIds.17`.
    const field = path.split(".").findLast((part) => !/^\d+$/.test(part)) ?? "";
    return { field, problem: SCHEMA_PROBLEMS[problem] ?? problem };
  });
}

/** What is wrong with the field of that name, when main refused it; else null. */
export function refusedFieldText(error: AppError | null, field: string): string | null {
  const refused = error && refusedFields(error).find((one) => one.field === field);
  return refused ? fieldProblemText(field, refused.problem) : null;
}

function errorSentence(error: AppError): string {
  switch (error.kind) {
    case "unauthenticated":
      return t(error.softLogout ? "errorReasons.unauthenticatedSoft" : "errors.unauthenticated");
    case "network":
      return t("errors.network", {
        reason: t(`errorReasons.network.${error.reason}`, { host: error.host, proxy: error.proxy ?? "" }),
      });
    case "bad_certificate": {
      const reason = t(`errorReasons.bad_certificate.${certificateFault(error.reason)}`, { code: error.reason });
      return t("errors.bad_certificate", { host: error.host, reason });
    }
    case "well_known_invalid": {
      const known = lookUp(`errorReasons.well_known_invalid.${error.reason}`);
      const reason = typeof known === "string" ? known : error.reason;
      return t("errors.well_known_invalid", { host: error.host, reason });
    }
    case "phrase_unusable":
      return t("errors.phrase_unusable", { reason: t(`errorReasons.phrase_unusable.${error.reason}`) });
    case "password_refused":
      return t("errors.password_refused", { reason: t(`errorReasons.password_refused.${error.reason}`) });
    case "address_refused":
      return t("errors.address_refused", { reason: t(`errorReasons.address_refused.${error.reason}`) });
    case "phone_refused":
      return t("errors.phone_refused", { reason: t(`errorReasons.phone_refused.${error.reason}`) });
    case "file_failed":
      return t("errors.file_failed", { reason: t(`errorReasons.file_failed.${error.reason}`) });
    case "too_large":
      return error.limitBytes === null
        ? t("errorReasons.tooLargeUnknown")
        : t("errors.too_large", { limit: sizeText(error.limitBytes) });
    case "secure_backup_check_failed": {
      const checks = error.failed.length > 0 ? t("errorReasons.checks", { failed: error.failed.join(", ") }) : "";
      return t("errors.secure_backup_check_failed", { checks }).trim();
    }
    case "invalid_input": {
      const problems = refusedFields(error).map(({ field, problem }) => {
        const name = lookUp(`fields.${field}`);
        return typeof name === "string" ? `${name}: ${fieldProblemText(field, problem)}` : error.issues.join(", ");
      });
      return t("errors.invalid_input", { problems: [...new Set(problems)].join(" ") });
    }
    case "change_not_taken": {
      const nameOf = (field: string): string => {
        const name = lookUp(`fields.${field}`);
        return typeof name === "string" ? name : field;
      };
      return t("errors.change_not_taken", { fields: error.fields.map(nameOf).join(", ") });
    }
    case "server":
      return error.message.trim() === ""
        ? t("errorReasons.serverNoMessage", { status: String(error.status), errcode: error.errcode })
        : t("errors.server", { message: isolated(error.message), errcode: isolated(error.errcode) });
    case "oauth_refused":
      return error.description.trim() === ""
        ? t("errorReasons.oauthNoDescription", { host: error.host, code: isolated(error.code) })
        : t("errors.oauth_refused", { host: error.host, code: isolated(error.code), description: isolated(error.description) });
    case "forbidden":
      return error.message.trim() === ""
        ? t("errorReasons.forbiddenNoMessage")
        : t("errors.forbidden", { message: isolated(error.message) });
    default: {
      const params: Record<string, string | number> = {};
      for (const [name, value] of Object.entries(error)) {
        if (typeof value === "string" || typeof value === "number") params[name] = value;
      }
      return t(`errors.${error.kind}`, params);
    }
  }
}

/** What Node's and Chromium's codes say about a certificate, such as CERT_HAS_EXPIRED and ERR_CERT_DATE_INVALID. */
function certificateFault(code: string): "expired" | "self_signed" | "name" | "issuer" | "revoked" | "other" {
  if (/EXPIRED|DATE_INVALID|NOT_YET_VALID/.test(code)) return "expired";
  if (/SELF_SIGNED/.test(code)) return "self_signed";
  if (/ALTNAME|COMMON_NAME/.test(code)) return "name";
  if (/UNABLE_TO|AUTHORITY|ISSUER|UNTRUSTED/.test(code)) return "issuer";
  return /REVOKED/.test(code) ? "revoked" : "other";
}
