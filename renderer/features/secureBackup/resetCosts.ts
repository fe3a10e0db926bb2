import type { ResetPreview } from "../../../shared/contract/secureBackup.ts";
import { t } from "../../i18n/index.ts";

/** What a reset takes away, the worst first, and what it leaves. */
export interface ResetCosts {
  readonly lost: readonly { readonly tone: "error" | "warn"; readonly text: string }[];
  readonly kept: readonly string[];
}

/**
 * Puts a preview in sentences.
 *
 * @param deleteUnopened whether the person gives up the backups that nothing here opens
 */
export function resetCosts(
  {
    backups,
    roomKeys,
    verifiedSessionsLost,
    dehydratedDevice,
  }: Pick<ResetPreview, "backups" | "roomKeys" | "verifiedSessionsLost" | "dehydratedDevice">,
  deleteUnopened: boolean,
): ResetCosts {
  const lost: { tone: "error" | "warn"; text: string }[] = [];
  const kept: string[] = [];
  const opening = keysIn(backups.filter(({ opensHere }) => opensHere));
  const unopened = backups.filter(({ opensHere }) => !opensHere);
  const unknown = unopened.find(({ known }) => !known);
  if (opening > 0) kept.push(t("backup.reset.backupKept", { count: opening }));
  if (unopened.length > 0) {
    const keyCount = keysIn(unopened);
    const numbers = { count: unopened.length, keys: t("backup.keyCount", { count: keyCount }) };
    if (deleteUnopened) lost.push({ tone: "error", text: t("backup.reset.backupLost", { ...numbers, keyCount }) });
    else kept.push(t("backup.reset.unopenedKept", numbers));
  }
  if (unknown) {
    const text = t("backup.reset.unknownKind", { algorithm: unknown.algorithm });
    if (deleteUnopened) lost.push({ tone: "warn", text });
    else kept.push(text);
  }
  if (verifiedSessionsLost > 0) {
    lost.push({ tone: "warn", text: t("backup.reset.sessionsLost", { count: verifiedSessionsLost }) });
  }
  if (dehydratedDevice) lost.push({ tone: "warn", text: t("backup.reset.dehydratedLost") });
  lost.push({ tone: "warn", text: t("backup.reset.identityLost") });
  if (roomKeys.here > 0) kept.push(t("backup.reset.keysKept", { count: roomKeys.here }));
  kept.push(t("backup.reset.restKept"), t("backup.reset.cancelKept"));
  return { lost, kept };
}

const keysIn = (backups: readonly { keyCount: number }[]): number => backups.reduce((sum, { keyCount }) => sum + keyCount, 0);
