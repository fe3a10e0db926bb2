import { describe, expect, test } from "vitest";
import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { avatarColour, initials } from "../../../renderer/components/avatarLook.ts";
import { otherServerOf } from "../../../renderer/features/addAccount/identifier.ts";
import { otherFlows } from "../../../renderer/features/addAccount/otherFlows.ts";
import { clampCrop, moveCrop, sideOf, wholeCrop } from "../../../renderer/features/profile/cropMath.ts";
import { diagnosisSentence, isForSetUp, isUnlockable } from "../../../renderer/features/secureBackup/diagnosis.ts";
import { bareKey, compareKey, keyGroups } from "../../../renderer/features/secureBackup/securityKey.ts";
import { jobCosts } from "../../../renderer/features/signOut/jobCosts.ts";
import { signOutCosts } from "../../../renderer/features/signOut/signOutCosts.ts";
import type { AppError } from "../../../shared/errors.ts";

describe("a Security Key that is typed back", () => {
  const shown = "EsTg mHhs cKwt g14P o45E KR9o";

  test("may have any kind of space in it", () => {
    expect(compareKey(shown, " EsTg\u00a0mHhs\r\ncKwt\tg14P\u200bo45E\u2009KR9o\ufeff\n")).toEqual({ kind: "same" });
    expect(bareKey("a\u2060b\u00adc")).toBe("abc");
  });

  test("may be the whole text of the file it was saved in", () => {
    for (const text of [`\ufeff@alice:example.org\r\n${shown}\n`, `@alice:example.org${shown}`]) {
      expect(compareKey(shown, text)).toEqual({ kind: "same" });
    }
    expect(compareKey(shown, `@alice:example.org${shown.slice(0, -1)}`).kind).toBe("different");
  });

  test("is told how far it is right", () => {
    expect(compareKey(shown, "EsTg mH")).toEqual({ kind: "short", typed: 6, total: 24 });
    expect(compareKey(shown, "EsTg mHhs ckwt g14P o45E KR9o")).toEqual({ kind: "different", group: 3 });
    expect(compareKey(shown, `${shown} x`)).toEqual({ kind: "different", group: 6 });
  });

  test("is shown in groups of four", () => {
    expect(keyGroups("EsTgmHhscK")).toEqual(["EsTg", "mHhs", "cK"]);
  });
});

describe("a crop", () => {
  const size = { width: 400, height: 200 };

  test("starts in the middle and never leaves the picture", () => {
    expect(wholeCrop(size)).toEqual({ x: 200, y: 100, zoom: 1 });
    expect(clampCrop(size, { x: -50, y: 900, zoom: 1 })).toEqual({ x: 100, y: 100, zoom: 1 });
    expect(clampCrop(size, { x: 0, y: 0, zoom: 2 })).toEqual({ x: 50, y: 50, zoom: 2 });
    expect(clampCrop(size, { x: 0, y: 0, zoom: 0.1 }).zoom).toBe(1);
    expect(sideOf(size, 2)).toBe(100);
  });

  test("moves by parts of what is shown", () => {
    expect(moveCrop(size, { x: 200, y: 100, zoom: 2 }, 0.1, -0.1)).toEqual({ x: 210, y: 90, zoom: 2 });
  });
});

describe("who signs in", () => {
  test("may belong to another server", () => {
    expect(otherServerOf({ kind: "user", user: "@a:other.example" }, "example.org")).toBe("other.example");
    expect(otherServerOf({ kind: "user", user: "@a:EXAMPLE.org" }, "example.org")).toBeNull();
    expect(otherServerOf({ kind: "user", user: "a" }, "example.org")).toBeNull();
  });

  test("is told which flows are not there yet", () => {
    expect(
      otherFlows([{ kind: "password" }, { kind: "sso", providers: [{ id: "g", name: "Google" }] }, { kind: "other", type: "x.y" }]),
    ).toEqual(["Other (“x.y”)"]);
    expect(otherFlows([{ kind: "password" }])).toEqual([]);
  });
});

describe("what signing out costs", () => {
  const safe: SignOutPreview = {
    thisSession: "verified",
    secureBackup: "working",
    lastVerifiedSession: false,
    roomKeysNotBackedUp: 0,
    securityKeyKept: false,
    whyNotRunning: null,
    serverReachable: true,
  };
  const tones = (changes: Partial<SignOutPreview>): string[] => signOutCosts({ ...safe, ...changes }).map(({ tone }) => tone);

  test("nothing, when all is backed up", () => {
    expect(tones({})).toEqual(["success"]);
  });

  test("a loss that cannot be undone comes first and is never called safe", () => {
    expect(tones({ roomKeysNotBackedUp: 412 })).toEqual(["error"]);
    expect(tones({ lastVerifiedSession: true, secureBackup: "not_set_up", roomKeysNotBackedUp: 3 })).toEqual(["error", "error", "warn"]);
    expect(tones({ lastVerifiedSession: true })).toEqual(["warn", "success"]);
  });

  test("room keys that were set aside are told of, and then nothing is called safe", () => {
    const costs = signOutCosts(safe, 3);
    expect(costs.map(({ tone }) => tone)).toEqual(["error"]);
    expect(costs[0]?.text).toContain("3 room keys that didn’t come over");
  });

  test("bulk jobs that aren’t finished, and passwords that nobody has saved", () => {
    const [accountId, other] = ["abcdefgh01234567", "abcdefgh76543210"] as AccountId[];
    const common = { jobId: "abcdefgh01234567" as ConversationId, progress: { done: 0, total: 1 }, startedAt: 0 };
    const rowJob = { ...common, rowJob: true, kind: "create_users", counts: {}, leftInRooms: 0, undoable: 0, error: null } as const;
    const job = (status: "done" | "paused" | "cancelled", unsavedPasswords: number, of = accountId): Job => ({
      ...rowJob,
      accountId: of as AccountId,
      status,
      unsavedPasswords,
    });
    const plain: Job = { ...common, rowJob: false, accountId: accountId as AccountId, kind: "verify_backup", status: "running" };
    const costs = (...jobs: Job[]) => jobCosts(jobs, accountId as AccountId);
    expect(costs(plain, job("done", 0), job("paused", 3, other))).toEqual([]);
    expect(costs(job("done", 2), job("paused", 1)).map(({ tone }) => tone)).toEqual(["error", "warn"]);
    expect(costs(job("done", 2), job("cancelled", 1))[0]?.text).toMatch(/^3 new passwords/);
    expect(jobCosts([job("done", 2)], accountId as AccountId, 2)[0]?.text).toMatch(/^4 new passwords/);
    expect(jobCosts([], accountId as AccountId, 1).map(({ tone }) => tone)).toEqual(["error"]);
  });

  test("the Security Key that this computer keeps", () => {
    expect(signOutCosts({ ...safe, securityKeyKept: true })[0]).toMatchObject({
      tone: "warn",
      text: expect.stringContaining("Security Key kept on this computer"),
    });
  });

  test.each<[AppError, ("error" | "warn")[], string]>([
    [{ kind: "store_damaged" }, ["error", "warn"], "key store of this session is damaged"],
    [{ kind: "data_too_new", file: "crypto" }, ["error", "warn"], "newer version of Steward"],
    [{ kind: "store_in_use" }, ["warn", "warn"], "nothing is removed"],
    [{ kind: "secret_missing" }, ["warn", "warn", "warn"], "no longer on this computer"],
    [{ kind: "secret_unreadable" }, ["error", "warn", "warn"], "cannot be read"],
    [{ kind: "secrets_locked" }, ["error", "warn", "warn"], "Unlock them first"],
    [{ kind: "passphrase_forgotten" }, ["error", "warn", "warn"], "the passphrase brings nothing back"],
  ])("what is out of reach: %j", (whyNotRunning, expected, words) => {
    const unknown = { lastVerifiedSession: null, roomKeysNotBackedUp: null, serverReachable: null };
    const costs = signOutCosts({ ...safe, ...unknown, whyNotRunning });
    expect(costs.map(({ tone }) => tone)).toEqual(expected);
    expect(costs[0]?.text).toContain(words);
    expect(costs.some(({ text }) => text.includes("cannot tell the server"))).toBe(expected.length === 3);
    expect(costs.some(({ text }) => text.includes("cannot be reached"))).toBe(false);
  });

  test("what could not be found out is said", () => {
    expect(tones({ lastVerifiedSession: null, roomKeysNotBackedUp: null, serverReachable: false })).toEqual(["warn", "warn", "warn"]);
  });
});

describe("the diagnosis of Secure Backup", () => {
  const secrets: SecureBackupState["secrets"] = [
    { name: "m.cross_signing.master", stored: "stored", here: true },
    { name: "m.cross_signing.user_signing", stored: "missing", here: false },
    { name: "m.megolm_backup.v1", stored: "malformed", here: true },
  ];

  test("names the one secret that it is about", () => {
    expect(diagnosisSentence({ diagnosis: "secret_not_stored", secrets })).toContain("Key for verifying other people");
    expect(diagnosisSentence({ diagnosis: "secret_unreadable", secrets })).toContain("Key to your room keys");
    expect(diagnosisSentence({ diagnosis: "working", secrets })).toBe("Secure Backup works.");
  });

  test("offers the key where the key helps", () => {
    const key = { hasPhrase: false, checkable: true };
    expect(isUnlockable({ diagnosis: "session_unverified", key })).toBe(true);
    expect(isUnlockable({ diagnosis: "session_unverified", key: null })).toBe(false);
    expect(isUnlockable({ diagnosis: "secret_not_stored", key })).toBe(false);
    expect(isUnlockable({ diagnosis: "working", key })).toBe(false);
  });

  test("offers a set-up where nothing is left on the server, and not where turning off was cut short", () => {
    const left = (stored: SecureBackupState["secrets"][number]["stored"], unneededKeys = 0) =>
      isForSetUp({ diagnosis: "turned_off", key: null, backup: null, unneededKeys, secrets: [{ ...secrets[0]!, stored }] });
    expect(left("missing")).toBe(true);
    expect(left("other_key_only")).toBe(false);
    // The description of a key is the last thing that is taken away.
    expect(left("missing", 1)).toBe(false);
  });
});

test("an avatar without a picture has stable letters and colour", () => {
  expect([initials("Alice at work"), initials("🙂 ops"), initials("!!"), initials("é")]).toEqual(["AL", "OP", "?", "É"]);
  // A person knows an account by its colour: it stays with every later version.
  expect(["@a:b", "@alice:example.org", "@💜:example.org"].map(avatarColour)).toEqual(["#6a52a3", "#2b6c93", "#5b7034"]);
  expect(new Set(["@a:b", "@b:b", "@c:b", "@d:b", "@e:b"].map(avatarColour)).size).toBeGreaterThan(1);
});
