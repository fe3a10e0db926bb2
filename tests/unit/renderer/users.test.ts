import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { User, UserFilter, UserRow } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import {
  forgetUsers,
  listMoreUsers,
  listUsers,
  selectAllMatching,
  selectedUsers,
  selectUser,
  userChanged,
  useUsers,
} from "../../../renderer/stores/users.ts";
import { contactsText } from "../../../renderer/features/users/CollectedContacts.tsx";
import { userContacts } from "../../../renderer/stores/userContacts.ts";
import { textOfUsers } from "../../../renderer/features/users/copyUsers.ts";
import { lastSeenText, patternsIn, verdictsOf } from "../../../renderer/features/users/userWords.ts";

const lea = "aaaaaaaaaaaaaaaa" as AccountId;
const row = (userId: string): UserRow => ({
  userId,
  displayName: null,
  admin: false,
  guest: false,
  deactivated: false,
  erased: null,
  locked: null,
  shadowBanned: null,
  userType: null,
  createdAt: null,
  lastSeenAt: null,
});

type Asked = {
  channel: string;
  input: { filter: UserFilter; from: string | null };
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
  useUsers.setState({ lists: {}, selected: {} });
});
afterEach(() => vi.unstubAllGlobals());

const page = (userIds: string[], next: string | null = null) => ({ rows: userIds.map(row), next, total: null, sorted: true });
const listed = (): string[] => (useUsers.getState().lists[lea]?.rows ?? []).map(({ userId }) => userId);
const state = () => useUsers.getState().lists[lea];

describe("the list of users", () => {
  it("shows the answer to the last filter, whichever comes last", async () => {
    const first = listUsers(lea, { search: "a" });
    const second = listUsers(lea, { search: "an" });
    asked[1]!.answer(page(["@ann:x"]));
    await second;
    asked[0]!.answer(page(["@a:x", "@ann:x"]));
    await first;
    expect(listed()).toEqual(["@ann:x"]);
    expect(asked.map(({ input }) => input.filter.search)).toEqual(["a", "an"]);
  });

  it("says nothing of a list that could not be read", async () => {
    const first = listUsers(lea, { kind: "suspended" });
    asked[0]!.answer({ ...page(["@a:x"]), told: false, sorted: false });
    await first;
    expect(state()).toMatchObject({ told: false, sorted: false });
    const second = listUsers(lea, { kind: "all" });
    asked[1]!.refuse("forbidden");
    await second;
    expect(state()).toMatchObject({ told: true, sorted: true });
  });

  it("reads on from where it was, shows nobody twice, and asks once at a time", async () => {
    const first = listUsers(lea);
    asked[0]!.answer(page(["@a:x", "@b:x"], "2"));
    await first;
    const more = listMoreUsers(lea);
    await listMoreUsers(lea);
    expect(asked.map(({ input }) => input.from)).toEqual([null, "2"]);
    asked[1]!.answer(page(["@b:x", "@c:x"]));
    await more;
    expect(listed()).toEqual(["@a:x", "@b:x", "@c:x"]);
    await listMoreUsers(lea);
    expect(asked).toHaveLength(2);
  });

  it("does not go on by itself after an error, and has main ask whether the account is an admin still", async () => {
    const first = listUsers(lea);
    asked[0]!.answer(page(["@a:x"], "1"));
    await first;
    const more = listMoreUsers(lea);
    asked[1]!.refuse("forbidden");
    await more;
    await listMoreUsers(lea);
    expect(asked.map(({ channel }) => channel)).toEqual(["users.list", "users.list", "administration.checkAccess"]);
    expect(state()).toMatchObject({ error: { kind: "forbidden" }, loading: null });
    expect(listed()).toEqual(["@a:x"]);
  });
});

it("keeps nothing that comes when the account is gone", async () => {
  const list = listUsers(lea);
  asked[0]!.answer(page(["@a:x"]));
  await list;
  const selecting = selectAllMatching(lea);
  forgetUsers(lea);
  asked[1]!.answer({ userIds: ["@a:x"] });
  await selecting;
  userChanged(lea, { ...row("@a:x"), threepids: [], externalIds: [] } as unknown as User);
  expect([Object.keys(useUsers.getState().lists), [...selectedUsers(lea)]]).toEqual([[], []]);
});

describe("the selection", () => {
  it("goes with the filter that it was made in", async () => {
    selectUser(lea, "@a:x", true);
    selectUser(lea, "@b:x", true);
    selectUser(lea, "@a:x", false);
    expect([...selectedUsers(lea)]).toEqual(["@b:x"]);
    const other = listUsers(lea, { kind: "locked" });
    asked[0]!.answer(page([]));
    await other;
    expect(selectedUsers(lea).size).toBe(0);
  });

  it("of all that match is not that of another filter meanwhile", async () => {
    const all = selectAllMatching(lea);
    const other = listUsers(lea, { kind: "admins" });
    asked[0]!.answer({ userIds: ["@a:x", "@b:x"] });
    asked[1]!.answer(page([]));
    await Promise.all([all, other]);
    expect(selectedUsers(lea).size).toBe(0);
    const admins = selectAllMatching(lea);
    expect(asked[2]!.input.filter.kind).toBe("admins");
    asked[2]!.answer({ userIds: ["@a:x"] });
    await admins;
    expect([...selectedUsers(lea)]).toEqual(["@a:x"]);
  });
});

it("says nothing of a state that the server does not tell, and never says never", () => {
  expect(verdictsOf({ ...row("@a:x"), suspended: null })).toEqual([]);
  expect(verdictsOf({ ...row("@a:x"), deactivated: true, erased: true, locked: true, admin: true }).map(({ text }) => text)).toEqual([
    "Erased",
    "Locked",
    "Admin",
  ]);
  expect(lastSeenText(null)).toBe("Unknown");
});

it("copies users as cells that a spreadsheet takes for text, those of whom nothing is known as well", () => {
  const odd = { ...row("@a:x"), displayName: "=1+1\tB\nC", admin: true, userType: "-x" };
  const text = textOfUsers(["@b:x", "@a:x"], [odd, row("@c:x")]);
  const [heading, ...lines] = text.split("\n").map((line) => line.split("\t"));
  expect(heading).toEqual(["Matrix ID", "Display name", "State", "Created", "Last seen"]);
  expect(lines).toEqual([["@b:x"], ["@a:x", "'=1+1 B C", "Admin, -x", "Unknown", "Unknown"]]);
  expect(textOfUsers(["@a:x"], [{ ...odd, displayName: " @SUM(1)" }])).toContain("\t'@SUM(1)\t");
});

it("takes patterns one a line, each once", () => {
  expect(patternsIn("_irc_*\n\n  *bot , *bot\n")).toEqual(["_irc_*", "*bot"]);
});

describe("a column of contacts", () => {
  const ann = {
    userId: "@ann:x",
    threepids: [
      { medium: "msisdn" as const, address: "447700900123" },
      { medium: "email" as const, address: "b@mail.example" },
      { medium: "email" as const, address: "a@mail.example" },
    ],
    externalIds: [{ provider: "oidc-x", id: "b/1" }],
  };

  it("names those of its kind, nothing where there are none, and is empty-handed where nobody asked", () => {
    expect(contactsText("emails", ann)).toBe("a@mail.example, b@mail.example");
    expect(contactsText("phones", ann)).toBe("+447700900123");
    expect(contactsText("externalIds", ann)).toBe("oidc-x: b/1");
    expect(contactsText("emails", { ...ann, threepids: [] })).toBe("");
    expect(contactsText("emails", null)).toBeNull();
  });

  it("goes along with a change to somebody who was asked about, and to nobody else", () => {
    userContacts.set(lea, { contacts: { collectedAt: 1, users: [ann], untold: 0 } });
    const now = { avatarMxc: null, suspended: null, appserviceId: null, threepids: [], externalIds: [] };
    userChanged(lea, { ...row("@bea:x"), ...now });
    userChanged(lea, { ...row("@ann:x"), ...now });
    expect(userContacts.get(lea).answer?.contacts?.users).toEqual([{ userId: "@ann:x", threepids: [], externalIds: [] }]);
  });
});
