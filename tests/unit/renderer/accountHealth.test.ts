import { describe, expect, test } from "vitest";
import type { Account, AccountHealth } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import {
  backupVerdict,
  chooseFix,
  emailVerdict,
  markOf,
  nameOf,
  needsAttention,
  sessionsVerdict,
  sessionVerdict,
  summarySentence,
} from "../../../renderer/accountHealth.ts";

const now = new Date(2026, 4, 3, 12).getTime();

const well: AccountHealth = {
  checkedAt: now,
  thisSession: "verified",
  secureBackup: "working",
  recoveryEmail: { kind: "set", masked: "a…@mail.example", count: 1 },
  otherSessions: { total: 3, unverified: 0, inactive: 0 },
};

function account(session: Partial<Account["session"]> = {}, health: Partial<AccountHealth> | null = {}): Account {
  return {
    accountId: "0000000000000001" as AccountId,
    userId: "@alice:example.org",
    deviceId: "ABC",
    homeserver: { serverName: "example.org", baseUrl: "https://example.org" },
    displayName: "Alice",
    avatarPath: null,
    session: { status: "running", error: null, offline: false, ...session },
    health: health && { ...well, ...health },
  };
}

test("room keys that did not come over to this session are worth a look", () => {
  expect(markOf(account())).toBe("good");
  const missing = { ...account(), roomKeysSetAside: 1 };
  expect(needsAttention(missing)).toBe(true);
  expect(markOf(missing)).toBe("attention");
});

describe("the most important fix", () => {
  test("a session that does not run comes before its backup", () => {
    expect(chooseFix(account({ status: "softLoggedOut" }, { secureBackup: "not_set_up" }))).toBe("sign_in_again");
    expect(chooseFix(account({ status: "failed" }, { secureBackup: "not_set_up" }))).toBe("retry");
    expect(chooseFix(account({ status: "locked" }, null))).toBe("retry");
    expect(chooseFix(account({ status: "locked", error: { kind: "secrets_locked" } }))).toBe("retry");
    expect(chooseFix(account({ status: "locked", error: { kind: "passphrase_forgotten" } }))).toBe("sign_in_again");
    expect(chooseFix(account({ status: "failed", error: { kind: "secret_missing" } }))).toBe("sign_in_again");
    expect(chooseFix(account({ status: "stopped" }))).toBe("start");
    expect(chooseFix(account({ status: "starting" }, { secureBackup: "not_set_up" }))).toBeNull();
  });

  test("each state of Secure Backup that can be repaired has its own", () => {
    expect(chooseFix(account({}, { secureBackup: "not_set_up" }))).toBe("set_up_backup");
    expect(chooseFix(account({}, { secureBackup: "unfinished" }))).toBe("continue_backup");
    expect(chooseFix(account({}, { secureBackup: "locked_here" }))).toBe("unlock_backup");
  });

  test("sessions nobody verified, or that were forgotten, are reviewed once the backup is well", () => {
    expect(chooseFix(account({}, { otherSessions: { total: 9, unverified: 4, inactive: 0 } }))).toBe("review_sessions");
    expect(chooseFix(account({}, { otherSessions: { total: 9, unverified: 0, inactive: 2 } }))).toBe("review_sessions");
    expect(chooseFix(account({}, { otherSessions: { total: 9, unverified: 0, inactive: 0 } }))).toBeNull();
    const unverified = { total: 1, unverified: 1, inactive: 0 };
    expect(chooseFix(account({}, { otherSessions: unverified, thisSession: "no_identity" }))).toBeNull();
    expect(chooseFix(account({}, { otherSessions: unverified, secureBackup: "not_set_up" }))).toBe("set_up_backup");
  });

  test("what cannot be repaired yet gets no button", () => {
    expect(chooseFix(account({}, { secureBackup: "broken" }))).toBeNull();
    expect(chooseFix(account({}, { recoveryEmail: { kind: "none" } }))).toBeNull();
    expect(chooseFix(account())).toBeNull();
    expect(chooseFix(account({}, null))).toBeNull();
  });

  test("nothing is asked of a server that does not answer", () => {
    expect(chooseFix(account({ offline: true }, { secureBackup: "not_set_up" }))).toBeNull();
    expect(needsAttention(account({ status: "failed", offline: true }))).toBe(false);
  });
});

test("the mark beside the picture", () => {
  expect(markOf(account())).toBe("good");
  expect(markOf(account({}, { secureBackup: "not_set_up" }))).toBe("attention");
  expect(markOf(account({}, { secureBackup: "broken" }))).toBe("attention");
  expect(markOf(account({}, { thisSession: "unverified" }))).toBe("attention");
  expect(markOf(account({ status: "softLoggedOut" }))).toBe("problem");
  expect(markOf(account({ status: "failed" }))).toBe("problem");
  expect(markOf(account({ status: "failed", offline: true }))).toBe("waiting");
  expect(markOf(account({ offline: true }))).toBe("waiting");
  expect(markOf(account({}, null))).toBe("waiting");
  expect(markOf(account({}, { secureBackup: "unknown" }))).toBe("waiting");
});

describe("a server that answers and refuses", () => {
  const refused = (error: Account["session"]["error"], status: "running" | "failed" = "running"): Account =>
    account({ status, error, offline: true });
  const locked = { kind: "user_locked" } as const;
  const busy = { kind: "rate_limited", retryAfterMs: 5_000 } as const;

  test("is not called offline, and says what it refuses for", () => {
    for (const status of ["running", "failed"] as const) {
      expect(sessionVerdict(refused(locked, status))).toEqual({ tone: "bad", text: "Locked by server" });
      expect(sessionVerdict(refused({ kind: "gateway_error", host: "hs", status: 502 }, status)).text).toBe("Server trouble");
      expect(sessionVerdict(refused({ kind: "redirected", host: "hs", to: "https://x" }, status)).text).toBe("Problem");
      expect(sessionVerdict(refused({ kind: "network", reason: "cut", host: "hs" }, status)).text).toBe("Offline");
    }
  });

  test("needs a person only where time does not mend it", () => {
    expect([needsAttention(refused(locked)), markOf(refused(locked, "failed"))]).toEqual([true, "problem"]);
    expect([needsAttention(refused(busy)), markOf(refused(busy, "failed"))]).toEqual([false, "waiting"]);
  });
});

test("the words of the table", () => {
  expect(sessionVerdict(account())).toEqual({ tone: "good", text: "Verified" });
  expect(sessionVerdict(account({ status: "softLoggedOut" }))).toEqual({ tone: "bad", text: "Signed out" });
  expect(sessionVerdict(account({ status: "failed", offline: true }))).toEqual({ tone: "quiet", text: "Offline" });
  expect(sessionVerdict(account({}, null)).text).toBe("Unknown");
  const day = 86_400_000;
  expect(backupVerdict(well, now).text).toBe("Checked today");
  expect(backupVerdict(well, now + day).text).toBe("Checked yesterday");
  expect(backupVerdict(well, now + 3 * day).text).toBe("Checked 3 days ago");
  expect(backupVerdict({ ...well, secureBackup: "broken" }, now)).toEqual({ tone: "bad", text: "Broken" });
  expect(emailVerdict({ ...well, recoveryEmail: { kind: "none" } })).toEqual({ tone: "warn", text: "No email" });
  expect(emailVerdict({ ...well, recoveryEmail: { kind: "set", masked: "a@b", count: 3 } }).text).toBe("a@b +2");
  expect(sessionsVerdict({ ...well, otherSessions: { total: 12, unverified: 4, inactive: 2 } })).toEqual({
    tone: "warn",
    text: "12, 4 unverified",
  });
  expect(sessionsVerdict({ ...well, otherSessions: { total: 0, unverified: 0, inactive: 0 } }).text).toBe("None");
  expect(sessionsVerdict({ ...well, otherSessions: null }).text).toBe("—");
});

test("the summary counts those that need something", () => {
  const needing = account({}, { secureBackup: "not_set_up" });
  expect(summarySentence([account(), needing, account(), needing])).toBe("2 of your 4 accounts need attention.");
  expect(summarySentence([account(), needing])).toBe("1 of your 2 accounts needs attention.");
  expect(summarySentence([needing, needing, needing])).toBe("All 3 accounts need attention.");
  expect(summarySentence([needing])).toBe("Your account needs attention.");
  expect(summarySentence([account()])).toBe("Your account is in good shape.");
  expect(summarySentence([account(), account(), account()])).toBe("All 3 accounts are in good shape.");
  expect(summarySentence([account(), account({}, null)])).toBe("Checking your 2 accounts…");
  const starting = account({ status: "starting" });
  expect(summarySentence([account(), starting])).toBe("1 account is still starting.");
  expect(summarySentence([starting, starting, starting])).toBe("3 accounts are still starting.");
  expect(summarySentence([needing, account(), starting])).toBe("1 of your 3 accounts needs attention. 1 account is still starting.");
});

test("an account without a name is called by its Matrix ID", () => {
  expect(nameOf({ displayName: "  ", userId: "@bob:example.org:8448" })).toBe("bob");
  expect(nameOf({ displayName: null, userId: "@:example.org" })).toBe("@:example.org");
});
