import type { OlderBackupOutcome } from "../../../shared/contract/secureBackup.ts";
import { t } from "../../i18n/index.ts";

type Counts = Omit<OlderBackupOutcome, "deleted">;

/** What is said when an older backup was deleted: how much of it went over, and what went with it. */
export function deletedWords(version: string, { migrated, unopened }: Counts): string {
  return [
    t("backup.storage.olderDeleted", { version }),
    ...(migrated > 0 ? [t("backup.storage.olderCarried", { count: migrated })] : []),
    ...(unopened > 0 ? [t("backup.storage.olderLost", { count: unopened })] : []),
    ...(migrated === 0 && unopened === 0 ? [t("backup.storage.olderCarriedNone")] : []),
  ].join(" ");
}

/** What is said when an older backup was not deleted: why, and how much of it went over all the same. */
export function stayedWords(version: string, { migrated, unopened, missing }: Counts): string {
  return [whyStayed(version, unopened, missing), ...(migrated > 0 ? [t("backup.storage.olderCarried", { count: migrated })] : [])].join(
    " ",
  );
}

function whyStayed(version: string, unopened: number, missing: number): string {
  if (missing > 0) return t("backup.storage.olderStaysMissing", { version, count: missing });
  if (unopened > 0) return t("backup.storage.olderStaysUnopened", { version, count: unopened });
  return t("backup.storage.olderStaysUnseen", { version });
}
