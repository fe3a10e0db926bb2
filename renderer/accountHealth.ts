import type { Account, AccountHealth } from "../shared/contract/accounts.ts";
import type { AppErrorKind } from "../shared/errors.ts";
import { withoutDirections } from "./i18n/direction.ts";
import { daysBetween, t } from "./i18n/index.ts";

/** How serious something is; decides the colour. */
export type Tone = "good" | "warn" | "bad" | "quiet";

/** A word or two with its tone, as a pill shows it. */
export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

/** What Steward can repair today with one click. */
export type Fix =
  "sign_in_again" | "retry" | "start" | "set_up_backup" | "continue_backup" | "unlock_backup" | "review_identity" | "review_sessions";

/** The account's state in one mark beside its picture. */
export type Mark = "good" | "attention" | "problem" | "waiting";

/** What a session ends or pauses with to which no server answered at all. */
const NO_ANSWER: ReadonlySet<AppErrorKind> = new Set(["network", "homeserver_not_found"] satisfies AppErrorKind[]);

/** Answers that are no person's to mend: the server is asked again until it answers otherwise. */
const PASSING: ReadonlySet<AppErrorKind> = new Set([
  "rate_limited",
  "gateway_error",
  "server",
  "bad_answer",
  "sign_in_service_unreachable",
  "account_refused_for_now",
] satisfies AppErrorKind[]);

/** Whether the session is in use, but its server does not do what it is asked. */
function isKeptWaiting({ session }: Account): boolean {
  return session.offline && (session.status === "running" || session.status === "failed");
}

/** Whether the account has not come as far as to be in use or to have failed. */
export function isStarting({ session }: Account): boolean {
  return session.status === "starting";
}

/** True while the server does not answer, whichever way the session stands with it. */
export function isOffline(account: Account): boolean {
  const { error } = account.session;
  return isKeptWaiting(account) && (error === null || NO_ANSWER.has(error.kind));
}

/** Why the server answers and yet refuses to serve the session; null when it does not. */
export function refusalOf(account: Account): Account["session"]["error"] {
  return isKeptWaiting(account) && !isOffline(account) ? account.session.error : null;
}

/** True when Steward's own trying may be enough, and nobody needs to do anything. */
export function keepsTrying(account: Account): boolean {
  const refusal = refusalOf(account);
  return isOffline(account) || (refusal !== null && PASSING.has(refusal.kind));
}

/** Whether the password of the account is what it needs: the server has signed it out, or its secrets are beyond opening. */
export function signsInAgain({ session: { status, error } }: Account): boolean {
  return status === "softLoggedOut" || error?.kind === "passphrase_forgotten" || error?.kind === "secret_missing";
}

/** The most important fix that is built, or null. What keeps the session from running comes first. */
export function chooseFix(account: Account): Fix | null {
  switch (account.session.status) {
    case "softLoggedOut":
      return "sign_in_again";
    case "failed":
    case "locked":
      return signsInAgain(account) ? "sign_in_again" : "retry";
    case "stopped":
      return "start";
    case "starting":
      return null;
    case "running":
      return account.session.offline ? null : (backupFix(account.health) ?? sessionsFix(account.health));
  }
}

/** Sessions that nobody verified or that were forgotten are worth a look, once there is an identity to verify by. */
export function sessionsFix(health: AccountHealth | null): Fix | null {
  const others = health?.otherSessions;
  if (!others || health.thisSession === "no_identity") return null;
  return others.unverified > 0 || others.inactive > 0 ? "review_sessions" : null;
}

/** What can be done about Secure Backup, or null. */
export function backupFix(health: AccountHealth | null): Fix | null {
  switch (health?.secureBackup) {
    case "not_set_up":
      return "set_up_backup";
    case "unfinished":
      return "continue_backup";
    case "locked_here":
      return "unlock_backup";
    case "identity_changed":
      return "review_identity";
    default:
      return null;
  }
}

/** Whether a person has to do something about the account, fixable here or not. */
export function needsAttention(account: Account): boolean {
  if (keepsTrying(account)) return false;
  return (
    refusalOf(account) !== null ||
    chooseFix(account) !== null ||
    (account.roomKeysSetAside ?? 0) > 0 ||
    (account.session.status === "running" && account.health?.secureBackup === "broken")
  );
}

/** The mark beside the account's picture. */
export function markOf(account: Account): Mark {
  const { status } = account.session;
  if (status === "starting" || status === "stopped" || keepsTrying(account)) return "waiting";
  if (status !== "running" || refusalOf(account) !== null) return "problem";
  if (!account.health) return "waiting";
  if (needsAttention(account) || account.health.thisSession === "unverified") return "attention";
  return account.health.secureBackup === "unknown" ? "waiting" : "good";
}

/** Column "This session". */
export function sessionVerdict(account: Account): Verdict {
  const { status } = account.session;
  if (isOffline(account)) return { tone: "quiet", text: t("health.session.offline") };
  const refusal = refusalOf(account);
  if (refusal !== null) return { tone: keepsTrying(account) ? "warn" : "bad", text: refusalWord(refusal.kind) };
  if (status !== "running") {
    const tone = status === "starting" || status === "stopped" ? "quiet" : "bad";
    return { tone, text: t(`health.session.${status}`) };
  }
  switch (account.health?.thisSession) {
    case "verified":
      return { tone: "good", text: t("health.verified") };
    case "unverified":
      return { tone: "warn", text: t("health.unverified") };
    case "identity_changed":
      return { tone: "bad", text: t("health.identityChanged") };
    case "no_identity":
      return { tone: "quiet", text: t("health.noIdentity") };
    default:
      return unknown();
  }
}

function refusalWord(kind: AppErrorKind): string {
  switch (kind) {
    case "user_locked":
    case "user_suspended":
    case "user_deactivated":
    case "consent_required":
    case "resource_limit":
    case "rate_limited":
    case "gateway_error":
    case "server":
    case "bad_certificate":
    case "sign_in_service_unreachable":
    case "account_refused_for_now":
      return t(`health.refused.${kind}`);
    default:
      return t("health.session.failed");
  }
}

/** Column "Secure Backup". `now` in milliseconds since 1970. */
export function backupVerdict(health: AccountHealth | null, now: number = Date.now()): Verdict {
  switch (health?.secureBackup) {
    case "working":
      return { tone: "good", text: checkedText(daysBetween(health.checkedAt, now)) };
    case "not_set_up":
    case "unfinished":
    case "locked_here":
      return { tone: "warn", text: t(`health.backup.${health.secureBackup}`) };
    case "broken":
    case "identity_changed":
      return { tone: "bad", text: t(`health.backup.${health.secureBackup}`) };
    default:
      return unknown();
  }
}

function checkedText(days: number): string {
  if (days <= 0) return t("health.backup.checkedToday");
  return days === 1 ? t("health.backup.checkedYesterday") : t("health.backup.checkedDays", { count: days });
}

/** Column "Recovery email". */
export function emailVerdict(health: AccountHealth | null): Verdict {
  const email = health?.recoveryEmail;
  if (email?.kind === "none") return { tone: "warn", text: t("health.email.none") };
  if (email?.kind !== "set") return unknown();
  if (email.count <= 1) return { tone: "good", text: email.masked };
  return { tone: "good", text: t("health.email.more", { masked: email.masked, count: email.count - 1 }) };
}

/** Column "Other sessions". */
export function sessionsVerdict(health: AccountHealth | null): Verdict {
  const others = health?.otherSessions;
  if (!others) return { tone: "quiet", text: "—" };
  const { total, unverified, inactive } = others;
  if (unverified > 0) return { tone: "warn", text: t("health.sessions.unverified", { total, count: unverified }) };
  if (inactive > 0) return { tone: "quiet", text: t("health.sessions.inactive", { total, count: inactive }) };
  return { tone: "quiet", text: total === 0 ? t("health.sessions.none") : t("health.sessions.total", { total }) };
}

function unknown(): Verdict {
  return { tone: "quiet", text: t("common.unknown") };
}

/** The words above the table: how many accounts need something, and how many are still starting. */
export function summarySentence(accounts: readonly Account[]): string {
  const starting = accounts.filter(isStarting).length;
  if (starting === 0) return needsSentence(accounts);
  const still = t("all.starting", { count: starting });
  return accounts.some(needsAttention) ? `${needsSentence(accounts)} ${still}` : still;
}

function needsSentence(accounts: readonly Account[]): string {
  const count = accounts.length;
  const needing = accounts.filter(needsAttention).length;
  if (needing > 0) {
    return needing === count ? t("all.allNeed", { count }) : t("all.needs", { needing, count });
  }
  const known = accounts.every((account) => markOf(account) !== "waiting");
  return t(known ? "all.allWell" : "all.checking", { count });
}

/** The name a person knows the account by: the display name, else the part of the Matrix ID before the colon. Its direction turns nothing. */
export function nameOf({ displayName, userId }: Pick<Account, "displayName" | "userId">): string {
  const name = displayName && withoutDirections(displayName).trim();
  return name ? name : withoutDirections(userId).slice(1).split(":")[0] || userId;
}
