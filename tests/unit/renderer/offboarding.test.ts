import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  choosePerson,
  findOtherAccounts,
  findPerson,
  forgetOffboarding,
  loadOffboarding,
  offboardingDraftChanged,
  prepareOffboarding,
  startOffboarding,
  termsOf,
  typePerson,
  useOffboarding,
} from "../../../renderer/stores/offboarding.ts";
import type { OffboardingDraft } from "../../../shared/contract/offboarding.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";

const one = "aaaaaaaaaaaaaaaa" as AccountId;
const two = "bbbbbbbbbbbbbbbb" as AccountId;
type Asked = { channel: string; input: { accountId: AccountId; terms: string[] }; answer: (value: unknown) => void };
let asked: Asked[];

beforeEach(() => {
  asked = [];
  const request = (channel: string, input: Asked["input"]): Promise<unknown> =>
    new Promise((resolve) => asked.push({ channel, input, answer: (value) => resolve({ ok: true, value }) }));
  vi.stubGlobal("window", { steward: { request } });
  useOffboarding.setState({ typed: "", terms: [], found: {}, chosen: new Map(), draft: null });
});
afterEach(() => vi.unstubAllGlobals());

const found = (userId: string) => ({ found: [{ user: { userId }, by: ["user_name"] }], more: false });

it("takes each line for one thing that is known, once, and ten of them at most", () => {
  expect(termsOf(" jane \n\nJane Doe\r\njane\n")).toEqual(["jane", "Jane Doe"]);
  expect(termsOf(Array.from({ length: 20 }, (_, at) => `name ${at}`).join("\n"))).toHaveLength(10);
});

it("shows nothing of an earlier search that answers late, and leaves nobody chosen in a new one", async () => {
  typePerson("jane");
  void findPerson([one]);
  choosePerson(one, "@jane:one", true);
  typePerson("john");
  const second = findPerson([one]);
  asked[1]!.answer(found("@john:one"));
  await second;
  asked[0]!.answer(found("@jane:one"));
  await Promise.resolve();
  const { found: now, chosen } = useOffboarding.getState();
  expect(now[one]?.rows.map(({ user }) => user.userId)).toEqual(["@john:one"]);
  expect(chosen.size).toBe(0);
});

it("looks for other accounts of who is chosen by all that is known of them, and keeps them chosen", async () => {
  typePerson("jane");
  choosePerson(one, "@jane:one", true);
  const others = findOtherAccounts([one, two]);
  asked[0]!.answer({ userId: "@jane:one", displayName: " Jane Doe ", threepids: [{ medium: "email", address: "jane@corp.test" }] });
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  expect(asked[2]?.input).toEqual({ accountId: two, terms: ["jane", "@jane:one", "Jane Doe", "jane@corp.test"] });
  for (const { answer } of asked.slice(1)) answer(found("@jane:one"));
  await others;
  expect([...useOffboarding.getState().chosen]).toEqual([["@jane:one", one]]);
  forgetOffboarding(one);
  expect(useOffboarding.getState().chosen.size).toBe(0);
  expect(Object.keys(useOffboarding.getState().found)).toEqual([two]);
});

it("looks for no other accounts of somebody once another person is looked for", async () => {
  typePerson("jane");
  choosePerson(one, "@jane:one", true);
  const late = findOtherAccounts([one]);
  typePerson("john");
  void findPerson([one]);
  asked[0]!.answer({ userId: "@jane:one", displayName: null, threepids: [] });
  await late;
  expect([useOffboarding.getState().terms, useOffboarding.getState().chosen.size]).toEqual([["john"], 0]);
});

it("forgets who was looked for once it has begun: they aren’t as they were found", async () => {
  typePerson("jane");
  choosePerson(one, "@jane:one", true);
  const start = startOffboarding("cccccccccccccccc" as ConversationId, [one], undefined);
  asked[0]!.answer({ jobIds: [] });
  await start;
  expect(useOffboarding.getState()).toMatchObject({ typed: "", terms: [], found: {}, chosen: new Map() });
});

it("keeps the draft that an event has told of, where an answer about an older one comes late", async () => {
  const draft = (status: string) => ({ draftId: "cccccccccccccccc", status }) as unknown as OffboardingDraft;
  const late = [prepareOffboarding("deactivate"), loadOffboarding()];
  offboardingDraftChanged(draft("ready"));
  for (const { answer } of asked) answer({ draft: draft("checking") });
  await Promise.all(late);
  expect(useOffboarding.getState().draft).toEqual(draft("ready"));
});
