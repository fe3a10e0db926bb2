import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BackupDecryptionKey, initAsync, OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackupDecryptor, BackupEncryptor } from "../../../main/roomKeys/backupCipher.ts";
import { openEntry, sealEntry } from "../../../main/roomKeys/backupEntries.ts";
import { type CheckedRoomKey, checkRoomKey, firstIndexOf, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { readKeyFile, writeKeyFile } from "../../support/keyFiles.ts";
import { privateKeyOf } from "../../support/secretValues.ts";

interface Vector {
  name: string;
  fields: Record<string, string>;
  keys: string[];
  bytes: string;
}

const folder = join(import.meta.dirname, "../../vectors");
const vectors = globSync("*.txt", { cwd: folder }).sort().map(read);

function read(file: string): Vector {
  const text = readFileSync(join(folder, file), "utf8");
  const end = text.indexOf("\n\n");
  const lines = text
    .slice(0, end)
    .split("\n")
    .map((line) => /^([a-z-]+): (.*)$/.exec(line) as RegExpExecArray);
  const keys = lines.filter(([, name]) => name === "key").map(([, , value]) => value as string);
  const fields = Object.fromEntries(lines.map(([, name, value]) => [name, value])) as Record<string, string>;
  return { name: basename(file, ".txt"), fields, keys: keys.sort(), bytes: text.slice(end + 2) };
}

const ofKind = (kind: string): [string, Vector][] =>
  vectors.filter(({ fields }) => fields["kind"] === kind).map((vector) => [vector.name, vector]);
const listed = (keys: readonly RoomKey[]): string[] => keys.map((key) => `${key.room_id} ${key.session_id} ${firstIndexOf(key)}`).sort();
/** The keys of a list, each of which must be one as it stands. */
const good = (values: readonly unknown[]): RoomKey[] => values.map((value) => (checkRoomKey(value) as CheckedRoomKey).key);

let temporary: string;
let path: string;
beforeAll(async () => {
  await initAsync();
  temporary = await mkdtemp(join(tmpdir(), "steward-vectors-"));
  path = join(temporary, "keys.txt");
});
afterAll(() => rm(temporary, { recursive: true }));

describe.each(ofKind("key file"))("the key file %s", (_name, { fields, keys, bytes }) => {
  const passphrase = fields["passphrase"] as string;

  it("is read, and written again so that the crypto WASM reads it", async () => {
    await writeFile(path, bytes);
    const entries = await readKeyFile(path, passphrase);
    expect(listed(good(entries))).toEqual(keys);
    await writeKeyFile(path, passphrase, entries);
    expect(await readKeyFile(path, passphrase)).toEqual(entries);
    const byWasm = JSON.parse(OlmMachine.decryptExportedRoomKeys(readFileSync(path, "utf8"), passphrase)) as RoomKey[];
    expect(listed(byWasm)).toEqual(keys);
  });

  it("is read with the head of this file in front of it", async () => {
    await writeFile(path, `made-by: ${fields["made-by"]}\n\n${bytes}`);
    expect(await readKeyFile(path, passphrase)).toHaveLength(keys.length);
  });

  it("is not opened with another passphrase", async () => {
    await writeFile(path, bytes);
    for (const wrong of ["another", `${passphrase}é`, passphrase.toUpperCase()]) {
      await expect(readKeyFile(path, wrong)).rejects.toMatchObject({ error: { kind: "key_file_wrong_passphrase" } });
    }
  });
});

describe.each(ofKind("backup"))("the backup %s", (_name, { fields, keys, bytes }) => {
  const privateKey = fields["private-key"] as string;
  type Entry = { session_data: { ephemeral: string; mac: string; ciphertext: string } };
  const { rooms } = JSON.parse(bytes) as { rooms: Record<string, { sessions: Record<string, Entry> }> };
  const entries = Object.entries(rooms).flatMap(([roomId, { sessions }]) =>
    Object.entries(sessions).map(([sessionId, entry]) => ({ roomId, sessionId, text: JSON.stringify(entry) })),
  );

  it("opens, and what we seal of it opens by the crypto WASM", () => {
    const decryptor = new BackupDecryptor(privateKeyOf(privateKey));
    const opened = entries.map((entry) => openEntry(decryptor, entry) as CheckedRoomKey);
    expect(listed(opened.map(({ key }) => key))).toEqual(keys);
    const wasm = BackupDecryptionKey.fromBase64(privateKey);
    expect(wasm.megolmV1PublicKey.publicKeyBase64).toBe(fields["public-key"]);
    const encryptor = new BackupEncryptor(fields["public-key"] as string);
    for (const checked of opened) {
      const { session_data: sealed } = JSON.parse(sealEntry(encryptor, checked)) as Entry;
      const clear = JSON.parse(wasm.decryptV1(sealed.ephemeral, sealed.mac, sealed.ciphertext)) as RoomKey;
      expect(clear).toMatchObject({ session_key: checked.key.session_key, sender_key: checked.key.sender_key });
    }
  });

  it("does not open with another key", () => {
    const other = new BackupDecryptor(privateKeyOf(Buffer.alloc(32, 7).toString("base64")));
    expect(entries.map((entry) => openEntry(other, entry))).toEqual(entries.map(() => "does_not_decrypt"));
  });
});

it("there are vectors of each kind by others and by us", () => {
  expect(vectors.map(({ name }) => name)).toEqual([
    "backup-mautrix-go",
    "backup-steward",
    "keyFile-matrix-nio",
    "keyFile-mautrix-go",
    "keyFile-steward",
  ]);
});
