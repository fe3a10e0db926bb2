import type { ResetPreview } from "../../../shared/contract/secureBackup.ts";
import { t } from "../../i18n/index.ts";

/** What a reset takes away, the worst first, and what it leaves. */
export interface ResetCosts {
  readonly lost: readonly { readonly tone: "error" | "warn"; readonly text: string }[];
  readonly kept: readonly string[];
}

/** Puts a preview in sentences. */
export function resetCosts({ roomKeys, verifiedSessionsLost }: ResetPreview): ResetCosts {
  const { inBackup, opensHere, here } = roomKeys;
  const lost: { tone: "error" | "warn"; text: string }[] = [];
  const kept: string[] = [];
  if (inBackup !== null && inBackup > 0) {
    if (opensHere) kept.push(t("backup.reset.backupKept", { count: inBackup }));
    else lost.push({ tone: "error", text: t("backup.reset.backupLost", { count: inBackup }) });
  }
  if (verifiedSessionsLost > 0) {
    lost.push({ tone: "warn", text: t("backup.reset.sessionsLost", { count: verifiedSessionsLost }) });
  }
  lost.push({ tone: "warn", text: t("backup.reset.identityLost") });
  if (here > 0) kept.push(t("backup.reset.keysKept", { count: here }));
  kept.push(t("backup.reset.restKept"), t("backup.reset.cancelKept"));
  return { lost, kept };
}
