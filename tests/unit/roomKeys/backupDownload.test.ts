import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BackupEntriesApi } from "../../../main/roomKeys/backupEntriesApi.ts";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import type { Fetch } from "../../../main/http/redirects.ts";
import { errorOf } from "../../support/errorOf.ts";

const MINUTE = 60_000;
const homeserverWith = (fetch: Fetch): HomeserverClient => new HomeserverClient({ fetch, baseUrl: "https://hs.example" });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("cuts a request for the download that stalls before it sends the next", async () => {
  const signals: AbortSignal[] = [];
  const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
    expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => true));
    signals.push(init!.signal!);
    return new Promise(() => undefined);
  };
  const stop = new AbortController();
  const transfer = new BackupEntriesApi({ homeserver: homeserverWith(fetch), version: "1", signal: stop.signal });
  const outcome = errorOf(transfer.pull());
  await vi.advanceTimersByTimeAsync(5 * MINUTE);
  // The pause before the next try takes real time.
  await vi.waitUntil(() => signals.length === 2, { timeout: 10_000 });
  expect(signals[1]!.aborted).toBe(false);
  stop.abort();
  await vi.advanceTimersByTimeAsync(5 * MINUTE);
  expect(await outcome).toEqual({ kind: "cancelled" });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

it("cuts the download when it is closed, and when whoever wants it stops", async () => {
  for (const end of ["close", "stop"] as const) {
    let signal: AbortSignal | undefined;
    const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
      signal = init!.signal!;
      return Promise.resolve(new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1)) })));
    };
    const stop = new AbortController();
    const transfer = new BackupEntriesApi({ homeserver: homeserverWith(fetch), version: "1", signal: stop.signal });
    expect(await transfer.pull()).toEqual(new Uint8Array(1));
    expect(signal!.aborted).toBe(false);
    if (end === "stop") stop.abort();
    else await transfer.close();
    expect(signal!.aborted).toBe(true);
  }
});
