import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { accountChanged, accountRemoved, accountsReordered, loadAccounts, useAccounts } from "../../../renderer/stores/accounts.ts";
import { endedAccountsChanged, loadEndedAccounts, useEndedAccounts } from "../../../renderer/stores/deactivation.ts";
import { createLatest } from "../../../renderer/stores/latest.ts";
import { loadOffboarding, offboardingDraftChanged, useOffboarding } from "../../../renderer/stores/offboarding.ts";
import { loadSecrets, secretsChanged, useSecrets } from "../../../renderer/stores/secrets.ts";
import { loadSettings, settingsChanged, useSettings } from "../../../renderer/stores/settings.ts";
import { loadStaffList, staffListChanged, useStaffList } from "../../../renderer/stores/staffList.ts";
import { loadUpdates, updatesChanged, useUpdates } from "../../../renderer/stores/updates.ts";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";

/** What main answers to each request, in the order in which they were asked. */
let answers: { channel: string; give: (value: unknown) => void }[];
beforeEach(() => {
  answers = [];
  const request = (channel: string) => new Promise((resolve) => answers.push({ channel, give: (value) => resolve({ ok: true, value }) }));
  vi.stubGlobal("window", { steward: { request }, matchMedia: () => ({ matches: false }) });
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
});
afterEach(() => vi.unstubAllGlobals());

/** Answers what was asked for on that channel. */
function answer(channel: string, value: unknown): void {
  for (const asked of answers.filter((one) => one.channel === channel)) asked.give(value);
}

test("an answer is taken in unless something was told since it was asked for, or a later one has come", async () => {
  const pending: ((value: string) => void)[] = [];
  const taken: string[] = [];
  const { load, told } = createLatest<string>(
    () => new Promise((resolve) => pending.push(resolve)),
    (value) => taken.push(value),
  );
  told("before");
  const [first, second, third] = [load(), load(), load()];
  pending[1]?.("second");
  await second;
  pending[0]?.("first");
  await first;
  told("an event");
  pending[2]?.("third");
  await third;
  const last = load();
  pending[3]?.("last");
  await last;
  expect(taken).toEqual(["before", "second", "an event", "last"]);
});

describe("what an event told is newer than an answer that was under way:", () => {
  // Each is told what it was already: that it is told is what counts, not that it looks otherwise.
  const kinds = [
    {
      what: "settings",
      channel: "app.settings",
      load: loadSettings,
      tell: () => settingsChanged({ theme: "dark", language: "en" }),
      now: () => useSettings.getState().settings.theme,
      old: { theme: "light", language: "en" },
    },
    {
      what: "how secrets are kept",
      channel: "secrets.state",
      load: loadSecrets,
      tell: () => secretsChanged({ protection: "new" } as never),
      now: () => useSecrets.getState().state,
      old: { protection: "old" },
    },
    {
      what: "newer versions",
      channel: "updates.state",
      load: loadUpdates,
      tell: () => updatesChanged({ checkedAt: 2 } as never),
      now: () => useUpdates.getState().state?.checkedAt,
      old: { checkedAt: 1 },
    },
    {
      what: "deactivated accounts",
      channel: "deactivation.ended",
      load: loadEndedAccounts,
      tell: () => endedAccountsChanged({ ended: [] }),
      now: () => useEndedAccounts.getState().ended,
      old: { ended: [{ userId: "@old:server" }] },
    },
    {
      what: "the staff list",
      channel: "staffList.get",
      load: loadStaffList,
      tell: () => staffListChanged(null),
      now: () => useStaffList.getState().list,
      old: { list: { listId: "old" } },
    },
    {
      what: "the off-boarding",
      channel: "offboarding.draft",
      load: loadOffboarding,
      tell: () => offboardingDraftChanged(null),
      now: () => useOffboarding.getState().draft,
      old: { draft: { draftId: "old" } },
    },
  ];
  test.each(kinds)("$what", async ({ channel, load, tell, now, old }) => {
    const loading = load();
    tell();
    const told = now();
    answer("app.info", { systemLanguage: "en" });
    answer(channel, old);
    await loading;
    expect(now()).toEqual(told);
  });
});

test("accounts that were changed, added, removed or moved since the list was asked for stay so", async () => {
  const account = (name: string, userId = "old") => ({ accountId: name, userId }) as unknown as Account;
  const id = (name: string) => name as AccountId;
  const first = loadAccounts();
  answer("accounts.list", { accounts: [account("a"), account("b"), account("c")] });
  await first;
  answers = [];
  const loading = loadAccounts();
  accountChanged(account("a", "new"));
  accountRemoved(id("b"));
  accountChanged(account("d"));
  accountsReordered(["d", "c", "a"].map(id));
  answer("accounts.list", { accounts: [account("a"), account("b"), account("c")] });
  await loading;
  const { order, byId } = useAccounts.getState();
  expect(order).toEqual(["d", "c", "a"]);
  expect(Object.keys(byId).sort()).toEqual(["a", "c", "d"]);
  expect(byId[id("a")]?.userId).toBe("new");
  // What was told before is no newer than an answer that comes of a later question.
  answers = [];
  const later = loadAccounts();
  answer("accounts.list", { accounts: [account("c"), account("b")] });
  await later;
  expect(useAccounts.getState().order).toEqual(["c", "b"]);
});
