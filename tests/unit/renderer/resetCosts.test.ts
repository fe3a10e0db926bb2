import { describe, expect, test } from "vitest";
import type { ResetPreview, SecureBackupDiagnosis, SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { wayToMend, wayWithoutOldKey } from "../../../renderer/features/secureBackup/diagnosis.ts";
import { resetCosts } from "../../../renderer/features/secureBackup/resetCosts.ts";

const KIND = "m.megolm_backup.v1.curve25519-aes-sha2";
const backup = (keyCount: number, opensHere: boolean, algorithm = KIND): ResetPreview["backups"][number] => ({
  version: String(keyCount),
  algorithm,
  known: algorithm === KIND,
  keyCount,
  opensHere,
});

function preview(backups: ResetPreview["backups"], verifiedSessionsLost = 2): ResetPreview {
  return {
    confirmation: "alice",
    verifiedSessionsLost,
    identityExists: true,
    roomKeys: { inBackup: backups[0]?.keyCount ?? null, opensHere: backups[0]?.opensHere ?? false, here: 7 },
    backups,
    dehydratedDevice: false,
  };
}

describe("what a reset costs", () => {
  test("is no backup that this session cannot read, unless the person gives it up", () => {
    const backups = [backup(400, false), backup(3, true), backup(12, false)];
    const { lost, kept } = resetCosts(preview(backups), false);
    expect(lost.map(({ tone }) => tone)).toEqual(["warn", "warn"]);
    expect(lost[0]?.text).toContain("2 other sessions will not be verified");
    expect(kept[0]).toContain("3 room keys in the backup");
    expect(kept[1]).toMatch(/^2 backups that nothing here opens, with 412 .* stay on the server/);
    expect(kept[2]).toContain("7 room keys in this session");
    const given = resetCosts(preview(backups), true);
    expect(given.lost[0]).toMatchObject({ tone: "error", text: expect.stringMatching(/^2 backups .* deleted, with 412/) });
    expect(given.kept.join(" ")).not.toContain("412");
  });

  test("is the dehydrated device of another client, which only the old identity has signed", () => {
    expect(resetCosts(preview([]), false).lost).toHaveLength(2);
    const { lost } = resetCosts({ ...preview([]), dehydratedDevice: true }, false);
    expect(lost[1]).toEqual({ tone: "warn", text: expect.stringContaining("“dehydrated device”") });
  });

  test("is no room key, where this session reads all backups or there is none", () => {
    const all = resetCosts(preview([backup(400, true), backup(12, true)]), false);
    expect(all.lost.map(({ tone }) => tone)).toEqual(["warn", "warn"]);
    expect(all.kept[0]).toContain("412 room keys in the backup");
    expect(resetCosts(preview([], 0), false).lost).toHaveLength(1);
  });

  test("is no message, where what nothing here opens is empty", () => {
    const { lost } = resetCosts(preview([backup(0, false)]), true);
    expect(lost[0]?.text).toBe("A backup that nothing here opens is deleted, with no keys.");
  });

  test("names a kind of backup that is not known", () => {
    const { kept } = resetCosts(preview([backup(5, false, "org.example.backup")]), false);
    expect(kept[1]).toContain("org.example.backup");
  });
});

describe("the one button that mends", () => {
  const state = (diagnosis: SecureBackupDiagnosis, here = true): SecureBackupState => ({
    diagnosis,
    checkedAt: 0,
    proven: true,
    identity: { exists: true, thisSessionVerified: true, changedTo: null },
    key: { hasPhrase: false, checkable: true },
    secrets: [
      { name: "m.cross_signing.master", stored: "stored", here },
      { name: "m.megolm_backup.v1", stored: "stored", here: false },
    ],
    backup: null,
    backupProblem: null,
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

  test("takes the Security Key where its description is gone, and says what there is without it", () => {
    for (const diagnosis of ["key_description_missing", "default_key_missing"] as const) {
      expect(wayToMend(state(diagnosis))).toBe("with_key");
      expect(wayWithoutOldKey(state(diagnosis))).toBe("new_key");
      expect(wayWithoutOldKey(state(diagnosis, false))).toBe("elsewhere");
    }
    expect(wayWithoutOldKey(state("secret_not_stored"))).toBeNull();
  });
});
