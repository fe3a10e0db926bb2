import type { MatrixClient } from "matrix-js-sdk";
import { beforeEach, describe, expect, it } from "vitest";
import type { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../../main/http/homeserverOf.ts";
import { accountDataHeard, noteAccountData } from "../../../main/sdk/accountDataOfSync.ts";

let client: MatrixClient;
let kept: unknown[];
let sinceChangeMs: number;

beforeEach(() => {
  kept = [];
  sinceChangeMs = Infinity;
  const store = { setSyncData: (answer: unknown) => Promise.resolve(void kept.push(answer)) };
  client = { store } as unknown as MatrixClient;
  bindHomeserver(client, { sinceChange: () => sinceChangeMs } as unknown as HomeserverClient);
  noteAccountData(client);
});

/** An answer of a sync, as the SDK hands it to its store. */
const hear = (answer: unknown): Promise<void> => client.store.setSyncData(answer as never);
const withEvents = (...events: unknown[]): object => ({ next_batch: "s1", account_data: { events } });
const event = (type: string, content: unknown): object => ({ type, content });

describe("the account data that a sync brings", () => {
  it("are not known before its first answer", () => {
    expect(accountDataHeard(client)).toBeNull();
  });

  it("are the last of each type, and the SDK's store gets every answer", async () => {
    await hear(withEvents(event("one", { a: 1 }), event("two", {})));
    await hear({ next_batch: "s2" });
    await hear(withEvents(event("one", { a: 2 })));
    expect([...accountDataHeard(client)!]).toEqual([
      ["one", { a: 2 }],
      ["two", {}],
    ]);
    expect(kept).toHaveLength(3);
  });

  it("are none where the server says so", async () => {
    await hear({ next_batch: "s1" });
    expect(accountDataHeard(client)?.size).toBe(0);
  });

  it.each([
    ["a list in place of an object", { account_data: [] }],
    ["events that are no list", { account_data: { events: {} } }],
    ["an event without a type", withEvents({ content: {} })],
    ["no object at all", null],
  ])("are not known any more after %s", async (_what, answer) => {
    await hear(withEvents(event("one", {})));
    await hear(answer);
    await hear(withEvents(event("two", {})));
    expect(accountDataHeard(client)).toBeNull();
  });

  it("are not relied on while what was just written here may not have come back", async () => {
    await hear(withEvents(event("one", {})));
    sinceChangeMs = 1_000;
    expect(accountDataHeard(client)).toBeNull();
    sinceChangeMs = 60_001;
    expect(accountDataHeard(client)?.size).toBe(1);
  });
});
