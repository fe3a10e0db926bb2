import { describe, expect, test } from "vitest";
import type { ResetPreview, SecureBackupDiagnosis, SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { wayToMend } from "../../../renderer/features/secureBackup/diagnosis.ts";
import { resetCosts } from "../../../renderer/features/secureBackup/resetCosts.ts";

function preview(roomKeys: Partial<ResetPreview["roomKeys"]>, verifiedSessionsLost = 2): ResetPreview {
  return {
    confirmation: "alice",
    verifiedSessionsLost,
    identityExists: true,
    roomKeys: { inBackup: 412, opensHere: false, here: 7, ...roomKeys },
  };
}

describe("what a reset costs", () => {
  test("is the backup, where this session cannot read it", () => {
    const { lost, kept } = resetCosts(preview({}));
    expect(lost[0]).toMatchObject({ tone: "error", text: expect.stringContaining("412 message keys") });
    expect(lost[1]?.text).toContain("2 other sessions will not be verified");
    expect(kept.join(" ")).not.toContain("412");
    expect(kept[0]).toContain("7 message keys in this session");
  });

  test("is no room key, where this session reads the backup or there is none", () => {
    expect(resetCosts(preview({ opensHere: true })).lost.map(({ tone }) => tone)).toEqual(["warn", "warn"]);
    expect(resetCosts(preview({ opensHere: true })).kept[0]).toContain("412 message keys in the backup");
    expect(resetCosts(preview({ inBackup: null }, 0)).lost).toHaveLength(1);
    expect(resetCosts(preview({ inBackup: 0 }, 0)).lost).toHaveLength(1);
  });
});

describe("the one button that mends", () => {
  const state = (diagnosis: SecureBackupDiagnosis, here = true): SecureBackupState => ({
    diagnosis,
    checkedAt: 0,
    proven: true,
    identity: { exists: true, thisSessionVerified: true },
    key: { hasPhrase: false, checkable: true },
    secrets: [
      { name: "m.cross_signing.master", stored: "stored", here },
      { name: "m.megolm_backup.v1", stored: "stored", here: false },
    ],
    backup: null,
    unneededKeys: 0,
    turnedOff: false,
    keptKey: { status: "none", place: "keychain" },
  });

  test("takes the Security Key where storage is wrong, and none where a signature is", () => {
    expect(wayToMend(state("secret_not_stored"))).toBe("with_key");
    expect(wayToMend(state("stored_secret_wrong"))).toBe("with_key");
    expect(wayToMend(state("backup_unsigned"))).toBe("without_key");
    expect(wayToMend(state("working"))).toBeNull();
    expect(wayToMend(state("session_unverified"))).toBeNull();
  });

  test("makes a new key where none is described, if the secrets are here", () => {
    expect(wayToMend(state("key_description_missing"))).toBe("new_key");
    expect(wayToMend(state("key_description_missing", false))).toBe("elsewhere");
  });
});
