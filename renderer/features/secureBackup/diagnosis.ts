import type { SecretName, SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { t } from "../../i18n/index.ts";

/** A secret in plain words. Text keys cannot hold the dots of the spec's names. */
export function secretWords(name: SecretName): string {
  switch (name) {
    case "m.cross_signing.master":
      return t("backup.secretNames.m_cross_signing_master");
    case "m.cross_signing.self_signing":
      return t("backup.secretNames.m_cross_signing_self_signing");
    case "m.cross_signing.user_signing":
      return t("backup.secretNames.m_cross_signing_user_signing");
    case "m.megolm_backup.v1":
      return t("backup.secretNames.m_megolm_backup_v1");
  }
}

/** Whether the Security Key or Phrase is what is missing here: nothing is wrong on the server. */
export function isUnlockable({ diagnosis, key }: Pick<SecureBackupState, "diagnosis" | "key">): boolean {
  if (!key) return false;
  return (
    diagnosis === "session_unverified" ||
    diagnosis === "secret_missing_here" ||
    diagnosis === "backup_key_differs" ||
    diagnosis === "backup_not_connected"
  );
}

/** Whether there is nothing on the server, so that a set-up is what there is to do. */
export function isForSetUp({
  diagnosis,
  key,
  backup,
  secrets,
  unneededKeys,
}: Pick<SecureBackupState, "diagnosis" | "key" | "backup" | "secrets" | "unneededKeys">): boolean {
  if (diagnosis !== "turned_off") return diagnosis === "not_set_up";
  return !key && !backup && unneededKeys === 0 && secrets.every(({ stored }) => stored === "missing");
}

/** How what is wrong is mended: with the Security Key or without. */
export type WayToMend = "with_key" | "without_key";

/**
 * What there is besides, where the key is not described or none is named, and the person may not have it: a new key for
 * the secrets that this session has, or another session. Null for everything else.
 */
export function wayWithoutOldKey({ diagnosis, secrets }: SecureBackupState): "new_key" | "elsewhere" | null {
  if (diagnosis !== "default_key_missing" && diagnosis !== "key_description_missing") return null;
  return secrets.every(({ name, here }) => here || name === "m.megolm_backup.v1") ? "new_key" : "elsewhere";
}

/** The way to mend what the diagnosis names; null where nothing is to be repaired. */
export function wayToMend(state: SecureBackupState): WayToMend | null {
  switch (state.diagnosis) {
    case "default_key_missing":
    case "key_description_missing":
    case "secret_not_stored":
    case "secret_unreadable":
    case "stored_secret_wrong":
    case "backup_missing":
    case "backup_unknown_kind":
    case "backup_malformed":
    case "key_not_checkable":
    case "old_keys_left":
      return "with_key";
    case "backup_unsigned":
      return "without_key";
    default:
      return null;
  }
}

/** The one thing that is wrong, or that all is well, as a sentence. */
export function diagnosisSentence(
  state: Pick<SecureBackupState, "diagnosis" | "secrets"> & Partial<Pick<SecureBackupState, "backup">>,
): string {
  const missing = state.secrets.find(({ stored, here }) => {
    switch (state.diagnosis) {
      case "secret_not_stored":
        return stored === "missing" || stored === "other_key_only";
      case "secret_unreadable":
        return stored === "malformed";
      case "stored_secret_wrong":
        return stored === "wrong";
      case "secret_missing_here":
        return !here;
      default:
        return false;
    }
  });
  return t(`backup.diagnosis.${state.diagnosis}`, {
    algorithm: state.backup?.algorithm ?? t("common.unknown"),
    secret: missing ? secretWords(missing.name) : t("common.unknown"),
  });
}
