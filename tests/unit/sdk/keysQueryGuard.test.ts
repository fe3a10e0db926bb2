import { RequestType } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";
import { EncryptionApi } from "../../../main/encryption/encryptionApi.ts";
import type { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../../main/http/homeserverOf.ts";
import type { CryptoMachine } from "../../../main/sdk/cryptoInternals.ts";
import { hearNewestKeysAlone } from "../../../main/sdk/keysQueryGuard.ts";

const ME = "@me:example.org";
const OTHER = "@other:example.org";
const answerOf = (master: string): string => JSON.stringify({ master_keys: { [ME]: { keys: { "ed25519:x": master } } } });

interface Asked {
  answer: (text: string) => void;
  fail: (error: Error) => void;
}

/** A client whose server answers when it is told to; what its crypto machine has heard, in order. */
function openClient() {
  const asked: Asked[] = [];
  const heard: string[] = [];
  let waiting: (() => void) | null = null;
  let made = 0;
  const send = (): Promise<string> =>
    new Promise((answer, fail) => {
      asked.push({ answer, fail });
      waiting?.();
    });
  const query = (userId: string) => {
    made += 1;
    return { id: `query ${made}`, type: RequestType.KeysQuery, body: JSON.stringify({ device_keys: { [userId]: [] } }) };
  };
  const crypto = {
    olmMachine: {
      userId: ME,
      queryKeysForUsers: () => query(ME),
      markRequestAsSent: (_id: string, _type: number, answer: string) => Promise.resolve(heard.push(answer) > 0),
    },
    outgoingRequestProcessor: {
      makeOutgoingRequest: async ({ id, type }: ReturnType<typeof query>) => {
        await crypto.olmMachine.markRequestAsSent(id, type, await send());
      },
    },
  };
  const client = { getCrypto: () => crypto, getSafeUserId: () => ME } as unknown as MatrixClient;
  bindHomeserver(client, { text: send } as unknown as HomeserverClient);
  hearNewestKeysAlone(client);
  const server = new EncryptionApi(client, { signal: new AbortController().signal });
  return {
    heard,
    asked,
    /** Waits until so many queries were sent. */
    sent: async (count: number) => {
      while (asked.length < count) await new Promise<void>((resolve) => (waiting = resolve));
    },
    ours: async () => (await server.queryOwnKeys(crypto.olmMachine as unknown as CryptoMachine)).master,
    theirs: (userId = ME) => crypto.outgoingRequestProcessor.makeOutgoingRequest(query(userId)),
  };
}

type Client = ReturnType<typeof openClient>;
const ASKING: [string, (client: Client) => Promise<unknown>][] = [
  ["Steward's", ({ ours }) => ours()],
  ["the SDK's", ({ theirs }) => theirs()],
];
const PAIRS = ASKING.flatMap(([one, first]) => ASKING.map(([other, second]) => [one, other, first, second] as const));

describe("two queries at once for the account's own keys", () => {
  it.each(PAIRS)("%s is asked again where %s, sent later, was answered first", async (_one, _other, first, second) => {
    const client = openClient();
    const { asked, heard, sent } = client;
    const early = first(client);
    const late = second(client);
    await sent(2);
    asked[1]!.answer(answerOf("new"));
    await late;
    asked[0]!.answer(answerOf("old"));
    await Promise.race([early, sent(3)]);
    expect(heard).toEqual([answerOf("new")]);
    asked[2]!.answer(answerOf("newest"));
    expect(await early).toBe(first === ASKING[0]![1] ? "newest" : undefined);
    expect(heard).toEqual([answerOf("new"), answerOf("newest")]);
  });

  it.each(PAIRS)("%s and %s are both heard where the answers come in order", async (_one, _other, first, second) => {
    const client = openClient();
    const both = [first(client), second(client)];
    await client.sent(2);
    client.asked[0]!.answer(answerOf("old"));
    await both[0];
    client.asked[1]!.answer(answerOf("new"));
    await both[1];
    expect(client.heard).toEqual([answerOf("old"), answerOf("new")]);
    expect(client.asked).toHaveLength(2);
  });

  it("takes nothing from an answer about others, and ends where the question fails", async () => {
    const client = openClient();
    const { asked, heard } = client;
    const others = client.theirs(OTHER);
    const failing = client.ours();
    const own = client.ours();
    await client.sent(3);
    asked[2]!.answer(answerOf("new"));
    expect(await own).toBe("new");
    asked[0]!.answer("{}");
    await others;
    asked[1]!.fail(new Error("offline"));
    await expect(failing).rejects.toThrow("offline");
    expect(heard).toEqual([answerOf("new"), "{}"]);
    expect(asked).toHaveLength(3);
  });
});
