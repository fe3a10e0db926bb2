import { createHmac } from "node:crypto";
import { BackupDecryptionKey, initAsync } from "@matrix-org/matrix-sdk-crypto-wasm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BackupDecryptor, BackupEncryptor } from "../../../main/roomKeys/backupCipher.ts";
import { exportText, openEntry, qualityOf, sealEntry } from "../../../main/roomKeys/backupEntries.ts";
import { isBetter, RoomKeyQualities, type KeyQuality } from "../../../main/roomKeys/roomKeyQuality.ts";
import { hmacSha256 } from "../../../main/roomKeys/sha256.ts";
import { newPrivateKey } from "../../../main/roomKeys/keyPairs.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { seed } from "../../support/seed.ts";
import { privateKeyOf } from "../../support/secretValues.ts";

let theirs: BackupDecryptionKey;
let decryptor: BackupDecryptor;
let encryptor: BackupEncryptor;
beforeAll(async () => {
  await initAsync();
  theirs = BackupDecryptionKey.createRandomKey();
  decryptor = new BackupDecryptor(privateKeyOf(theirs.toBase64()));
  encryptor = new BackupEncryptor(theirs.megolmV1PublicKey.publicKeyBase64);
});

describe("an entry of a backup", () => {
  it("that we make is opened by the crypto WASM and by us: the same bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
        const entry = encryptor.encrypt(text);
        const clear = Buffer.from(text).toString();
        expect(theirs.decryptV1(entry.ephemeral, entry.mac, entry.ciphertext)).toBe(clear);
        expect(decryptor.decrypt(entry)).toBe(clear);
      }),
      { seed, numRuns: 100 },
    );
  });

  it("holds the whole key, and is opened as the key it was", () => {
    const key = { ...makeRoomKey(3, { firstIndex: 7 }), "m.shared_history": true };
    const text = sealEntry(encryptor, { key, firstIndex: 7 });
    expect(qualityOf(text)).toEqual({ firstIndex: 7, forwarded: 0, verified: false });
    const slice = { roomId: key.room_id, sessionId: key.session_id, text };
    expect(openEntry(decryptor, slice)).toEqual({ key, firstIndex: 7 });
    expect(JSON.parse(exportText(key))).toEqual(key);
    // It belongs where it was put: under another id or in no room it is no key.
    expect(openEntry(decryptor, { ...slice, sessionId: makeRoomKey(4).session_id })).toBe("bad_session_key");
    expect(openEntry(decryptor, { ...slice, roomId: "" })).toBe("not_a_room_key");
  });

  it("is not opened with another key, nor when a part of it is changed", () => {
    const entry = encryptor.encrypt(JSON.stringify(makeRoomKey(1)));
    expect(new BackupDecryptor(newPrivateKey()).decrypt(entry)).toBeNull();
    for (const part of ["ephemeral", "mac"] as const) {
      const changed = `${entry[part].startsWith("A") ? "B" : "A"}${entry[part].slice(1)}`;
      expect(decryptor.decrypt({ ...entry, [part]: changed }), part).toBeNull();
      expect(decryptor.decrypt({ ...entry, [part]: entry[part].slice(1) }), part).toBeNull();
    }
    expect(decryptor.decrypt({ ...entry, ciphertext: entry.ciphertext.slice(0, 30) })).toBeNull();
    expect(decryptor.decrypt({ ...entry, ephemeral: "A".repeat(43) })).toBeNull();
  });

  it("may be anything: it is then told what is wrong with it, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.constant(null)), fc.jsonValue(), (text, inside) => {
        expect(openEntry(decryptor, { roomId: "!a:b", sessionId: "c", text })).toBeTypeOf("string");
        const sealed = JSON.stringify({ session_data: encryptor.encrypt(JSON.stringify(inside)) });
        expect(openEntry(decryptor, { roomId: "!a:b", sessionId: "c", text: sealed })).toBeTypeOf("string");
        qualityOf(text);
      }),
      { seed, numRuns: 200 },
    );
  });
});

describe("the index of a backup", () => {
  const quality = fc.record({ firstIndex: fc.nat(0xffff_ffff), forwarded: fc.nat(0x7fff_ffff), verified: fc.boolean() });

  it("holds what was put in, like a Map", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), quality), { maxLength: 300 }), (entries) => {
        const [index, map] = [new RoomKeyQualities(), new Map<string, KeyQuality>()];
        for (const [id, value] of entries) {
          index.set(id, value);
          map.set(id, value);
        }
        expect(index.size).toBe(map.size);
        for (const [id, value] of map) expect(index.get(id)).toEqual(value);
        expect(index.get("not in it")).toBeNull();
      }),
      { seed, numRuns: 100 },
    );
  });

  it("grows", () => {
    const index = new RoomKeyQualities();
    for (let at = 0; at < 50_000; at += 1) index.set(`id ${at}`, { firstIndex: at, forwarded: 0, verified: false });
    expect(index.size).toBe(50_000);
    for (let at = 0; at < 50_000; at += 1) if (index.get(`id ${at}`)?.firstIndex !== at) expect.fail(`id ${at} is lost`);
  });

  it("knows which of two copies is better, and never says so of both", () => {
    const plain = { firstIndex: 5, forwarded: 1, verified: false };
    expect(isBetter({ ...plain, verified: true, firstIndex: 9 }, plain)).toBe(true);
    expect(isBetter({ ...plain, firstIndex: 4, forwarded: 9 }, plain)).toBe(true);
    expect(isBetter({ ...plain, forwarded: 0 }, plain)).toBe(true);
    fc.assert(
      fc.property(quality, quality, (one, other) => !(isBetter(one, other) && isBetter(other, one))),
      { seed },
    );
  });
});

describe("short hashes", () => {
  it("are those of Node", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 200 }), (key, data) => {
        expect(hmacSha256(key, data)).toEqual(createHmac("sha256", key).update(data).digest());
      }),
      { seed, numRuns: 200 },
    );
  });
});
