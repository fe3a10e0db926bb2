import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import { t } from "../../i18n/index.ts";

/** One thing to know before signing out. "error" is a loss that cannot be undone. */
export interface SignOutCost {
  readonly tone: "error" | "warn" | "success";
  readonly text: string;
}

/** What signing out would cost, the worst first. */
export function signOutCosts(preview: SignOutPreview): SignOutCost[] {
  const costs: SignOutCost[] = [];
  const { secureBackup, lastVerifiedSession, roomKeysNotBackedUp, securityKeyKept, serverReachable } = preview;
  const backedUp = secureBackup === "working";
  if (roomKeysNotBackedUp !== null && roomKeysNotBackedUp > 0) {
    costs.push({ tone: "error", text: t("signOut.keysLost", { count: roomKeysNotBackedUp }) });
  }
  if (lastVerifiedSession === true) {
    const key = backedUp || secureBackup === "locked_here" ? "signOut.lastVerifiedBackup" : "signOut.lastVerified";
    costs.push({ tone: key === "signOut.lastVerified" ? "error" : "warn", text: t(key) });
  }
  const backup = backupText(secureBackup);
  if (backup) costs.push({ tone: "warn", text: backup });
  if (roomKeysNotBackedUp === null) costs.push({ tone: "warn", text: t("signOut.keysUnknown") });
  if (lastVerifiedSession === null) costs.push({ tone: "warn", text: t("signOut.lastVerifiedUnknown") });
  if (securityKeyKept !== false) {
    costs.push({ tone: "warn", text: t(securityKeyKept === null ? "signOut.keptKeyUnknown" : "signOut.keptKey") });
  }
  if (!serverReachable) costs.push({ tone: "warn", text: t("signOut.unreachable") });
  if (backedUp && roomKeysNotBackedUp === 0) costs.push({ tone: "success", text: t("signOut.allSafe") });
  return costs;
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
    default:
      return null;
  }
}
