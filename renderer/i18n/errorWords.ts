import type { AppError, NetworkReason } from "../../shared/errors.ts";
import { isolated } from "./direction.ts";
import { listText, sizeText } from "./formats.ts";
import { t, textOrNull } from "./texts.ts";

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
      const next = textOrNull(`errorsNext.${error.kind}`);
      return typeof next === "string" ? next : null;
    }
  }
}

/** What is wrong with a field of that name, as a sentence. */
export function fieldProblemText(field: string, problem: string): string {
  const own = textOrNull(`fieldProblems.${field}.${problem}`) ?? textOrNull(`fieldProblems.any.${problem}`);
  return typeof own === "string" ? own : t("fieldProblems.any.wrong");
}

/** What is said to be wrong with what was typed into a field, or null where it can be used. */
export function problemText(field: string, { problem }: { readonly problem?: string | undefined }): string | null {
  return problem === undefined ? null : fieldProblemText(field, problem);
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
      const known = textOrNull(`errorReasons.well_known_invalid.${error.reason}`);
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
      return error.limitBytes === null ? t("errorReasons.tooLargeUnknown") : t("errors.too_large", { limit: sizeText(error.limitBytes) });
    case "secure_backup_check_failed": {
      const checks = error.failed.length > 0 ? t("errorReasons.checks", { failed: listText(error.failed) }) : "";
      return t("errors.secure_backup_check_failed", { checks }).trim();
    }
    case "invalid_input": {
      const problems = refusedFields(error).map(({ field, problem }) => {
        const name = textOrNull(`fields.${field}`);
        return typeof name === "string" ? `${name}: ${fieldProblemText(field, problem)}` : error.issues.join(", ");
      });
      return t("errors.invalid_input", { problems: [...new Set(problems)].join(" ") });
    }
    case "change_not_taken": {
      const nameOf = (field: string): string => {
        const name = textOrNull(`fields.${field}`);
        return typeof name === "string" ? name : field;
      };
      return t("errors.change_not_taken", { fields: listText(error.fields.map(nameOf)) });
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
      return textOrNull(`errors.${error.kind}`, params) ?? error.kind;
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
