import { describe, expect, it } from "vitest";
import { LinkEnded, openRendezvous } from "../../../main/encryption/linkDevice/rendezvous.ts";

const PLACE = "https://server.example/place";

/** A place at a server that answers messages with these statuses, and then takes all. */
async function placeWhere(statuses: number[], onWait: (stop: AbortController) => void = () => undefined) {
  const stop = new AbortController();
  const sent: unknown[] = [];
  const place = await openRendezvous({
    baseUrl: "https://server.example",
    signal: stop.signal,
    wait: async () => onWait(stop),
    fetch: async (_url, init) => {
      if (init?.method === "POST") return Response.json({ url: PLACE }, { status: 201, headers: { etag: "0" } });
      sent.push(init?.body);
      return new Response(null, { status: statuses.shift() ?? 202, headers: { etag: String(sent.length) } });
    },
  });
  return { place, sent, stop };
}

describe("a place that was cancelled", () => {
  it("says so, and takes the word of the end alone", async () => {
    const { place, sent, stop } = await placeWhere([]);
    await place.send("before");
    expect(place.cancelled).toBe(false);
    stop.abort(new LinkEnded("cancelled"));
    expect(place.cancelled).toBe(true);
    await expect(place.send("secrets")).rejects.toMatchObject({ reason: "cancelled" });
    await place.sendLast("the end");
    expect(sent).toEqual(["before", "the end"]);
  });

  it("is not sent again what the server did not take before", async () => {
    const { place, sent } = await placeWhere([503], (stop) => stop.abort(new LinkEnded("cancelled")));
    await expect(place.send("secrets")).rejects.toMatchObject({ reason: "cancelled" });
    expect(sent).toEqual(["secrets"]);
  });
});
