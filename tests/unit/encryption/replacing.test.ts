import { createPublicKey, randomBytes, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { toUnpaddedBase64 } from "../../../main/encryption/base64.ts";
import { signingKeysUpload } from "../../../main/encryption/newIdentity.ts";
import { signingPublicKey } from "../../../main/encryption/publicKeys.ts";
import { otherKeys } from "../../../main/encryption/replacedKeys.ts";
import { confirmsReset } from "../../../main/encryption/resetPreview.ts";

const SPKI_BEFORE_KEY = Buffer.from("302a300506032b6570032100", "hex");

function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const der = Buffer.concat([SPKI_BEFORE_KEY, Buffer.from(publicKey, "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
}

describe("the upload of a new identity", () => {
  it("holds the three public keys, the second and third signed by the first", () => {
    const seed = (): string => toUnpaddedBase64(randomBytes(32));
    const keys = {
      "m.cross_signing.master": seed(),
      "m.cross_signing.self_signing": seed(),
      "m.cross_signing.user_signing": seed(),
    };
    const body = JSON.parse(signingKeysUpload("@a:b", keys));
    const master = signingPublicKey(keys["m.cross_signing.master"])!;
    expect(body.master_key).toEqual({ user_id: "@a:b", usage: ["master"], keys: { [`ed25519:${master}`]: master } });
    for (const usage of ["self_signing", "user_signing"] as const) {
      const { signatures, ...unsigned } = body[`${usage}_key`];
      const publicKey = signingPublicKey(keys[`m.cross_signing.${usage}`])!;
      expect(unsigned.keys).toEqual({ [`ed25519:${publicKey}`]: publicKey });
      const canonical = `{"keys":{"ed25519:${publicKey}":"${publicKey}"},"usage":["${usage}"],"user_id":"@a:b"}`;
      expect(isSignedBy(master, canonical, signatures["@a:b"][`ed25519:${master}`])).toBe(true);
    }
  });
});

describe("keys of secret storage beside the default one", () => {
  const copy = { iv: "", ciphertext: "", mac: "" };

  it("are those described and those that copies are locked with; emptied descriptions do not count", () => {
    const accountData = new Map<string, unknown>([
      ["m.secret_storage.key.now", { algorithm: "x" }],
      ["m.secret_storage.key.old", { algorithm: "x" }],
      ["m.secret_storage.key.gone", {}],
      ["m.cross_signing.master", { encrypted: { now: copy, lost: copy } }],
      ["m.megolm_backup.v1", { encrypted: 5 }],
      ["m.direct", null],
    ]);
    expect(otherKeys(accountData, "now")).toEqual({ all: ["old", "lost"], removable: ["old", "lost"] });
    expect(otherKeys(accountData, null).all).toContain("now");
  });

  it("can go only where no secret of another kind needs them", () => {
    const accountData = new Map<string, unknown>([
      ["m.secret_storage.key.old", { algorithm: "x" }],
      ["org.example.secret", { encrypted: { old: copy } }],
    ]);
    expect(otherKeys(accountData, "now")).toEqual({ all: ["old"], removable: [] });
  });
});

describe("the confirmation of a reset", () => {
  it("is the account's own name, and nothing else", () => {
    for (const typed of ["alice", " Alice ", "@alice", "@alice:example.org"]) {
      expect(confirmsReset("@alice:example.org", typed), typed).toBe(true);
    }
    for (const typed of [undefined, "", "@", "ali", "alice2", "yes", "@alice:other.org"]) {
      expect(confirmsReset("@alice:example.org", typed), String(typed)).toBe(false);
    }
  });
});
