import { describe, expect, it } from "vitest";
import { DEHYDRATION_SECRET, readDehydratedDevice } from "../../../main/encryption/dehydratedDevice.ts";
import { fail } from "../../../shared/errors.ts";

const secret = { encrypted: { key: { iv: "", ciphertext: "", mac: "" } } };
const DEFAULT_KEY = "m.secret_storage.default_key";
const stored = new Map<string, unknown>([
  [DEHYDRATION_SECRET, secret],
  [DEFAULT_KEY, { key: "key" }],
]);
const answering = (answer: boolean | Error) => ({
  hasDehydratedDevice: (): Promise<boolean> => (typeof answer === "boolean" ? Promise.resolve(answer) : Promise.reject(answer)),
});

describe("a dehydrated device", () => {
  it("is asked for only where a client has stored the secret that opens it", async () => {
    for (const content of [undefined, null, {}, "encrypted", []]) {
      const accountData = new Map<string, unknown>([[DEHYDRATION_SECRET, content]]);
      expect(await readDehydratedDevice(answering(new Error("nobody is asked")), accountData)).toBe("none");
    }
  });

  it("is not lost when it was given up, with secret storage or the key of before", async () => {
    for (const content of [undefined, {}, { key: "" }, { key: "another" }, { key: 1 }]) {
      const givenUp = new Map<string, unknown>([
        [DEHYDRATION_SECRET, secret],
        [DEFAULT_KEY, content],
      ]);
      expect(await readDehydratedDevice(answering(false), givenUp)).toBe("none");
      // Until a client has deleted it, a reset ends it.
      expect(await readDehydratedDevice(answering(true), givenUp)).toBe("there");
    }
  });

  it("is there, lost, or not known while the server gives no answer", async () => {
    expect(await readDehydratedDevice(answering(true), stored)).toBe("there");
    expect(await readDehydratedDevice(answering(false), stored)).toBe("lost");
    expect(await readDehydratedDevice(answering(fail("gateway_error", { host: "example.org", status: 502 })), stored)).toBe("unknown");
  });
});
