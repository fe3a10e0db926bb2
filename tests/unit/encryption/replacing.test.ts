import { createPublicKey, randomBytes, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signingKeysUpload } from "../../../main/encryption/newCrossSigningKeys.ts";
import { newPrivateKey, signingPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import { OpenedCopies } from "../../../main/encryption/openedSecretCopies.ts";
import { otherKeys, unneededKeys } from "../../../main/encryption/removeStorageKeys.ts";
import { confirmsReset } from "../../../main/encryption/resetPreview.ts";
import { encryptSecret } from "../../../main/encryption/secretCipher.ts";
import { privateKeyOf, securityKeyBytes } from "../../support/secretValues.ts";

const SPKI_BEFORE_KEY = Buffer.from("302a300506032b6570032100", "hex");

function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const der = Buffer.concat([SPKI_BEFORE_KEY, Buffer.from(publicKey, "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
}

describe("the upload of a new identity", () => {
  it("holds the three public keys, the second and third signed by the first", () => {
    const keys = {
      "m.cross_signing.master": newPrivateKey(),
      "m.cross_signing.self_signing": newPrivateKey(),
      "m.cross_signing.user_signing": newPrivateKey(),
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

  it("are those described and those that copies are encrypted with; emptied descriptions do not count", () => {
    const accountData = new Map<string, unknown>([
      ["m.secret_storage.key.now", { algorithm: "x" }],
      ["m.secret_storage.key.old", { algorithm: "x" }],
      ["m.secret_storage.key.gone", {}],
      ["m.cross_signing.master", { encrypted: { now: copy, lost: copy } }],
      ["m.megolm_backup.v1", { encrypted: 5 }],
      ["org.example.secret", { encrypted: { old: copy } }],
      ["m.direct", null],
    ]);
    expect(otherKeys(accountData, "now")).toEqual({
      all: ["old", "lost"],
      withCopies: ["lost"],
      neededElsewhere: ["old"],
    });
    expect(otherKeys(accountData, null).all).toContain("now");
  });
});

describe("a key of secret storage", () => {
  const key = securityKeyBytes(randomBytes(32));
  const secret = newPrivateKey();
  const MASTER = "m.cross_signing.master";
  const always = (): boolean => true;

  it("is not needed when nothing is encrypted with it, or only what was opened and is elsewhere", async () => {
    const copy = await encryptSecret(secret, key, MASTER);
    const opened = new OpenedCopies();
    const accountData = new Map<string, unknown>([
      ["m.secret_storage.key.bare", { algorithm: "x" }],
      ["m.secret_storage.key.other", { algorithm: "x" }],
      ["org.example.secret", { encrypted: { other: copy } }],
      [MASTER, { encrypted: { now: copy, old: copy, odd: { mac: 5 }, unopened: await encryptSecret(secret, key, MASTER) } }],
    ]);
    expect(unneededKeys(accountData, "now", opened, always)).toEqual(["bare"]);
    opened.note(MASTER, copy, secret);
    expect(unneededKeys(accountData, "now", opened, always)).toEqual(["bare", "old"]);
    expect(unneededKeys(accountData, "now", new OpenedCopies(opened.toText()), always)).toEqual(["bare", "old"]);
    expect(unneededKeys(accountData, "now", opened, () => false)).toEqual(["bare"]);
    const asked: string[] = [];
    unneededKeys(accountData, "now", opened, (_name, publicKey) => asked.push(publicKey) > 0);
    expect(asked).toEqual([signingPublicKey(secret)]);
  });

  it("that was opened is known by the copy itself: another copy of the same secret is another", async () => {
    const opened = new OpenedCopies();
    const copy = await encryptSecret(secret, key, MASTER);
    expect(opened.changed).toBe(false);
    opened.note(MASTER, copy, secret);
    expect(opened.publicKeyOf(MASTER, copy)).toBe(signingPublicKey(secret));
    expect(opened.publicKeyOf("m.cross_signing.user_signing", copy)).toBeNull();
    expect(opened.publicKeyOf(MASTER, await encryptSecret(secret, key, MASTER))).toBeNull();
    opened.note(MASTER, { ...copy, iv: "x" }, privateKeyOf("no private key"));
    expect(opened.publicKeyOf(MASTER, { ...copy, iv: "x" })).toBeNull();
    expect(opened.changed).toBe(true);
    expect(opened.toText()).not.toContain(secret.reveal().slice(0, 20));
    expect(opened.changed).toBe(false);
    for (const text of [null, "", "{", "[1]", "5"]) expect(new OpenedCopies(text).publicKeyOf(MASTER, copy)).toBeNull();
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
