import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { foundText, serverVerdict } from "../../../renderer/features/servers/serverWords.ts";
import { searchServer, searchServers, useServerSearch } from "../../../renderer/stores/serverSearch.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";

const one = "aaaaaaaaaaaaaaaa" as AccountId;
const two = "bbbbbbbbbbbbbbbb" as AccountId;
type Asked = {
  channel: string;
  input: { accountId: AccountId; filter: UserFilter; from: string | null };
  answer: (value: unknown) => void;
  refuse: (kind: string) => void;
};
let asked: Asked[];

beforeEach(() => {
  asked = [];
  const request = (channel: string, input: Asked["input"]): Promise<unknown> =>
    new Promise((resolve) => {
      const answer = (value: unknown): void => resolve({ ok: true, value });
      asked.push({ channel, input, answer, refuse: (kind) => resolve({ ok: false, error: { kind, message: "" } }) });
    });
  vi.stubGlobal("window", { steward: { request } });
  useServerSearch.setState({ search: "", found: {} });
});
afterEach(() => vi.unstubAllGlobals());

const page = (userIds: string[], next: string | null = null) => ({
  rows: userIds.map((userId) => ({ userId })),
  next,
  total: null,
  sorted: true,
});
const found = (accountId: AccountId) => useServerSearch.getState().found[accountId];
const words = (): (string | null)[] => [one, two].map((accountId) => foundText(found(accountId) ?? null));

it("asks every server by itself, and says of each how far it is", async () => {
  const search = searchServers([one, two], "jane");
  expect(asked.map(({ input }) => [input.accountId, input.filter.search, input.filter.kind])).toEqual([
    [one, "jane", "all"],
    [two, "jane", "all"],
  ]);
  expect(words()).toEqual(["Searching…", "Searching…"]);
  asked[1]!.answer(page(["@jane:two"]));
  await vi.waitFor(() => expect(words()).toEqual(["Searching…", "1 found"]));
  asked[0]!.refuse("forbidden");
  await search;
  expect(words()).toEqual(["Not an admin any more", "1 found"]);
  expect(asked.at(-1)).toMatchObject({ channel: "administration.checkAccess", input: { accountId: one } });
  const again = searchServer(one);
  asked.at(-1)!.refuse("network");
  await again;
  expect(words()).toEqual(["Not reachable", "1 found"]);
});

it("shows nothing of an earlier search that answers late", async () => {
  const first = searchServers([one], "ja");
  const second = searchServers([one], "jane");
  asked[1]!.answer(page(["@jane:one"]));
  await second;
  asked[0]!.answer(page(["@jack:one"], "2"));
  await first;
  expect(found(one)?.rows.map(({ userId }) => userId)).toEqual(["@jane:one"]);
  expect(asked).toHaveLength(2);
  await searchServers([one], "  ");
  expect(found(one)).toBeUndefined();
});

it("reads on where a page has nobody who matches, and says that there are more", async () => {
  const search = searchServers([one], "x");
  asked[0]!.answer(page([], "100"));
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]!.answer(
    page(
      Array.from({ length: 60 }, (_, index) => `@x${index}:one`),
      null,
    ),
  );
  await search;
  expect(found(one)).toMatchObject({ more: true, status: "found" });
  expect(words()[0]).toBe("The first 50 of many");
});

it("says how a server is", () => {
  const common = { adminBaseUrl: null, wasAdmin: true };
  expect(serverVerdict({ ...common, status: "admin", version: null, delegatedAuth: false }).text).toBe("Reachable");
  expect(serverVerdict({ ...common, status: "not_admin" }).text).toBe("Not an admin any more");
  expect(serverVerdict({ ...common, status: "unreachable", error: { kind: "rate_limited", retryAfterMs: 5 } }).text).toBe(
    "Asked too often",
  );
  expect(serverVerdict({ ...common, status: "not_exposed" }).text).toBe("Admin API not reachable");
  expect(serverVerdict(null).text).toBe("Not asked yet");
});
