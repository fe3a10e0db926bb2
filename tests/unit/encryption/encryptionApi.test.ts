import type { MatrixClient } from "matrix-js-sdk";
import { expect, it } from "vitest";
import { EncryptionApi } from "../../../main/encryption/encryptionApi.ts";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../../main/http/homeserverOf.ts";
import type { Fetch } from "../../../main/http/redirects.ts";

it("waits for all account data as long as for a first sync, which a server puts together in the same way", async () => {
  let answerSync: (response: Response) => void = () => undefined;
  /** Answers a sync when it is told to, and nothing else ever. */
  const fetch: Fetch = (url, init) =>
    new Promise((resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
      if (url instanceof URL && url.pathname.endsWith("/sync")) answerSync = resolve;
    });
  const client = { getSafeUserId: () => "@me:example.org" } as unknown as MatrixClient;
  bindHomeserver(client, new HomeserverClient({ fetch, baseUrl: "https://example.org", limits: { answerMs: 1, firstSyncMs: 600_000 } }));
  const server = new EncryptionApi(client, { signal: new AbortController().signal });
  const all = server.allAccountData();
  // Asked later, and given up: whoever waits no longer than for any answer would have given up by now.
  await expect(server.accountData("m.direct")).rejects.toMatchObject({ error: { kind: "network", reason: "timeout" } });
  answerSync(Response.json({ account_data: { events: [{ type: "m.direct", content: {} }] } }));
  expect([...(await all).keys()]).toEqual(["m.direct"]);
});
