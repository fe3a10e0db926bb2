import type { MatrixClient } from "matrix-js-sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { knowSessionsThatAsk } from "../../../main/sdk/askingSessions.ts";
import { onOwnDevicesChanged } from "../../../main/sdk/ownDeviceChanges.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const ME = "@me:example.org";
const request = (content: unknown, sender = ME) => ({ type: "m.key.verification.request", sender, content });

/** A client that knows the keys of one session, of which the order of what it does is told. */
function clientOf(query: () => Promise<boolean>) {
  const order: string[] = [];
  const crypto = {
    getUserDeviceInfo: () => Promise.resolve(new Map([[ME, new Map([["KNOWN", {}]])]])),
    userHasCrossSigningKeys: () => {
      order.push("query");
      return query();
    },
    processSyncChanges: () => {
      order.push("process");
      return Promise.resolve(["processed"]);
    },
  };
  const client = { getCrypto: () => crypto, getSafeUserId: () => ME } as unknown as MatrixClient;
  return { client, crypto: crypto as { processSyncChanges(changes: object): Promise<unknown> }, order };
}

const there = (): Promise<boolean> => Promise.resolve(true);

describe("the keys of a session that asks to verify", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each<[string, object, string[]]>([
    ["one that is not known is asked for", { toDeviceEvents: [request({ from_device: "NEW" })] }, ["query", "process"]],
    [
      "several are asked for at once",
      { toDeviceEvents: [request({ from_device: "A" }), request({ from_device: "B" })] },
      ["query", "process"],
    ],
    ["one that is known is not", { toDeviceEvents: [request({ from_device: "KNOWN" })] }, ["process"]],
    ["one of another person is not", { toDeviceEvents: [request({ from_device: "NEW" }, "@other:example.org")] }, ["process"]],
    ["a request that names no session", { toDeviceEvents: [request({}), request(null), request({ from_device: 5 })] }, ["process"]],
    ["another event", { toDeviceEvents: [{ type: "m.dummy", sender: ME, content: { from_device: "NEW" } }] }, ["process"]],
    ["nothing", {}, ["process"]],
  ])("%s", async (_what, changes, expected) => {
    const { client, crypto, order } = clientOf(there);
    knowSessionsThatAsk(client, quietLogger);
    expect(await crypto.processSyncChanges(changes)).toEqual(["processed"]);
    expect(order).toEqual(expected);
  });

  it.each<[string, () => Promise<boolean>]>([
    ["fail to come", () => Promise.reject(new Error("offline"))],
    ["never come", () => new Promise(() => undefined)],
  ])("keep the sync from going on only for a while where they %s", async (_what, query) => {
    const { client, crypto, order } = clientOf(query);
    knowSessionsThatAsk(client, quietLogger);
    const processed = crypto.processSyncChanges({ toDeviceEvents: [request({ from_device: "NEW" })] });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await processed).toEqual(["processed"]);
    expect(order).toEqual(["query", "process"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are had beside whoever hears of changes of the list of sessions, who is told once", async () => {
    const { client, crypto } = clientOf(there);
    const changed = vi.fn();
    knowSessionsThatAsk(client, quietLogger);
    onOwnDevicesChanged(client, changed);
    onOwnDevicesChanged(client, changed);
    await crypto.processSyncChanges({ deviceLists: { changed: ["@other:example.org"] } });
    expect(changed).not.toHaveBeenCalled();
    await crypto.processSyncChanges({ deviceLists: { changed: [ME] } });
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
