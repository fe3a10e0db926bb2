import { expect, test } from "vitest";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { matchesFilter } from "../../../renderer/features/allAccounts/matchesFilter.ts";
import { paletteItems, searchPalette } from "../../../renderer/features/palette/paletteItems.ts";

function account(n: number, displayName: string | null, userId: string): Account {
  return {
    accountId: String(n).padStart(16, "0") as AccountId,
    userId,
    deviceId: "D",
    homeserver: { serverName: "x", baseUrl: "https://x" },
    displayName,
    avatarPath: null,
    session: { status: "running", error: null, offline: false },
    health: null,
  };
}

const accounts = [
  account(1, "Alice", "@alice:example.org"),
  account(2, "Jürgen Müller", "@jm:acme.example"),
  {
    ...account(3, "ops", "@ops:acme.example"),
    session: { status: "softLoggedOut" as const, error: null, offline: false },
  },
];
const items = paletteItems(accounts);
const found = (query: string): string[] => searchPalette(items, query).map(({ text }) => text);

test("reaches every account, every page of it, and the actions", () => {
  const texts = items.map(({ text }) => text);
  for (const text of ["Alice", "Profile · ops", "Secure Backup · Alice", "Sign out Jürgen Müller", "Add account", "Settings"]) {
    expect(texts).toContain(text);
  }
  expect(texts).toContain("Sign in again · ops");
  expect(texts).not.toContain("Sign in again · Alice");
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
});

test("the beginning of a name counts more than what is inside", () => {
  expect(found("al")[0]).toBe("Alice");
  expect(found("set")[0]).toBe("Settings");
});

test("all words must be found, in any order, whatever case or accent", () => {
  expect(found("backup alice")[0]).toBe("Secure Backup · Alice");
  expect(found("MULLER jurgen")[0]).toBe("Jürgen Müller");
  expect(found("alice nowhere")).toEqual([]);
});

test("a Matrix ID finds its account", () => {
  expect(found("@jm:acme")[0]).toBe("Jürgen Müller");
});

test("nothing typed shows everything in its order", () => {
  expect(found("  ")).toEqual(items.map(({ text }) => text));
});

test("the filter of all accounts looks at name and Matrix ID", () => {
  const [alice] = accounts;
  expect(matchesFilter(alice as Account, "ALI example")).toBe(true);
  expect(matchesFilter(alice as Account, "")).toBe(true);
  expect(matchesFilter(alice as Account, "alice acme")).toBe(false);
  expect(matchesFilter({ displayName: null, userId: "@x:y" }, "null")).toBe(false);
});

test("reaches the pages for admins of those accounts that are admins", () => {
  const isAdmin = (accountId: AccountId): boolean => accountId === accounts[0]?.accountId;
  const texts = paletteItems(accounts, isAdmin).map(({ text }) => text);
  expect(texts).toContain("Users · Alice");
  expect(texts).not.toContain("Users · ops");
});
