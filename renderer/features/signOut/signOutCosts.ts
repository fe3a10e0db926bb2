import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import type { AppErrorKind } from "../../../shared/errors.ts";
import { t, type PlainTextKey } from "../../i18n/index.ts";

/** One thing to know before signing out. "error" is a loss that cannot be undone. */
export interface SignOutCost {
  readonly tone: "error" | "warn" | "success";
  readonly text: string;
}

/** Why nothing can be said about the room keys, where the reason lies on this computer. */
const KEYS_OUT_OF_REACH: Partial<Record<AppErrorKind, { tone: "error" | "warn"; key: PlainTextKey }>> = {
  store_damaged: { tone: "error", key: "signOut.storeDamaged" },
  data_too_new: { tone: "error", key: "signOut.storeTooNew" },
  store_in_use: { tone: "warn", key: "signOut.storeInUse" },
  secret_missing: { tone: "warn", key: "signOut.secretsMissing" },
  secret_unreadable: { tone: "error", key: "signOut.secretsUnreadable" },
  secrets_locked: { tone: "error", key: "signOut.secretsLocked" },
  passphrase_forgotten: { tone: "error", key: "signOut.secretsSealed" },
};

/** With these, there is no access token to sign out with. */
const WITHOUT_TOKEN: ReadonlySet<AppErrorKind> = new Set([
  "secret_missing",
  "secret_unreadable",
  "secrets_locked",
  "passphrase_forgotten",
] satisfies AppErrorKind[]);

/**
 * What signing out would cost, the worst first.
 *
 * @param setAside how many room keys lie here that did not come over to this session
 */
export function signOutCosts(preview: SignOutPreview, setAside = 0): SignOutCost[] {
  const costs: SignOutCost[] = [];
  const { secureBackup, lastVerifiedSession, roomKeysNotBackedUp, securityKeyKept, whyNotRunning } = preview;
  const backedUp = secureBackup === "working";
  const outOfReach = whyNotRunning ? KEYS_OUT_OF_REACH[whyNotRunning.kind] : undefined;
  if (outOfReach) costs.push({ tone: outOfReach.tone, text: t(outOfReach.key) });
  if (roomKeysNotBackedUp !== null && roomKeysNotBackedUp > 0) {
    costs.push({ tone: "error", text: t("signOut.keysLost", { count: roomKeysNotBackedUp }) });
  }
  if (setAside > 0) costs.push({ tone: "error", text: t("signOut.setAsideLost", { count: setAside }) });
  if (lastVerifiedSession === true) {
    const key = backedUp || secureBackup === "locked_here" ? "signOut.lastVerifiedBackup" : "signOut.lastVerified";
    costs.push({ tone: key === "signOut.lastVerified" ? "error" : "warn", text: t(key) });
  }
  const backup = backupText(secureBackup);
  if (backup) costs.push({ tone: "warn", text: backup });
  if (roomKeysNotBackedUp === null && !outOfReach) costs.push({ tone: "warn", text: t("signOut.keysUnknown") });
  if (lastVerifiedSession === null) costs.push({ tone: "warn", text: t("signOut.lastVerifiedUnknown") });
  if (securityKeyKept !== false) {
    costs.push({ tone: "warn", text: t(securityKeyKept === null ? "signOut.keptKeyUnknown" : "signOut.keptKey") });
  }
  const untold = whyServerIsNotTold(preview);
  if (untold) costs.push({ tone: "warn", text: untold });
  if (backedUp && roomKeysNotBackedUp === 0 && setAside === 0) costs.push({ tone: "success", text: t("signOut.allSafe") });
  return costs;
}

function whyServerIsNotTold({ whyNotRunning, serverReachable }: SignOutPreview): string | null {
  if (whyNotRunning && WITHOUT_TOKEN.has(whyNotRunning.kind)) return t("signOut.tokenUnknown");
  return serverReachable === false ? t("signOut.unreachable") : null;
}

function backupText(secureBackup: SignOutPreview["secureBackup"]): string | null {
  switch (secureBackup) {
    case "not_set_up":
      return t("signOut.noBackup");
    case "unfinished":
      return t("signOut.backupUnfinished");
    case "locked_here":
      return t("signOut.backupLocked");
    case "broken":
      return t("signOut.backupBroken");
    case "identity_changed":
      return t("signOut.identityChanged");
    default:
      return null;
  }
}
