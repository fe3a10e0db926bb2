import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";

/** Whether there is an identity that this session has yet to be verified by. */
export function needsVerification({ identity, diagnosis }: Pick<SecureBackupState, "identity" | "diagnosis">): boolean {
  if (diagnosis === "unfinished_set_up" || diagnosis === "identity_changed") return false;
  return identity.exists && !identity.thisSessionVerified;
}
