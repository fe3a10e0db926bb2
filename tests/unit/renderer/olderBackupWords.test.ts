import { describe, expect, it } from "vitest";
import { t } from "../../../renderer/i18n/index.ts";
import { deletedWords, stayedWords } from "../../../renderer/features/secureBackup/olderBackupWords.ts";

const counts = { migrated: 0, unopened: 0, missing: 0 };

describe("what is said of an older backup", () => {
  it("counts what went over, and what went with it, once it is deleted", () => {
    expect(deletedWords("1", counts)).toBe("Version 1 was deleted. The current backup had all of its keys already.");
    expect(deletedWords("1", { ...counts, migrated: 1 })).toBe("Version 1 was deleted. 1 key was put in the current backup.");
    expect(deletedWords("1", { ...counts, migrated: 5, unopened: 2 })).toBe(
      "Version 1 was deleted. 5 keys were put in the current backup. 2 keys that nothing here opens are gone with it.",
    );
  });

  it("says why it stays", () => {
    expect(stayedWords("1", { ...counts, migrated: 5, unopened: 1 })).toBe(
      "Version 1 wasn’t deleted: nothing here opens 1 key in it. 5 keys were put in the current backup.",
    );
    expect(stayedWords("1", { ...counts, unopened: 3, missing: 2 })).toBe(
      "Version 1 wasn’t deleted: 2 keys in it couldn’t be put in the current backup.",
    );
    expect(stayedWords("1", counts)).toBe("Version 1 wasn’t deleted: the server doesn’t show what’s in it.");
  });

  it("names no number where the server says that a backup is empty, and doesn’t take its word for it", () => {
    const said = [
      t("backup.storage.olderOpens", { count: 0, version: "1" }),
      t("backup.storage.olderUnopened", { count: 0 }),
      t("backup.repair.newBackup", { count: 0 }),
      t("backup.storage.offKeys", { count: 0 }),
    ];
    for (const text of said) expect(text).toMatch(/^(?!.*\b0\b).*says it’s empty/);
    expect(t("backup.keyCount", { count: 0 })).toBe("no keys");
  });
});
