import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newKey } from "../../../main/secrets/aesGcm.ts";
import { NO_IDENTITY_PIN } from "../../../main/secrets/secretStore.ts";
import { Vault } from "../../../main/secrets/vaultFormat.ts";
import { vaultKeysFromText, vaultKeysToText } from "../../../main/secrets/vaultKey.ts";
import { AccountId } from "../../../shared/ids.ts";
import { accessToken, refreshToken, secretBytesOf } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const ADA = AccountId.parse("ada0000000000000");
const BOB = AccountId.parse("bob0000000000000");
const SECRETS = {
  accessToken: accessToken("token"),
  refreshToken: refreshToken("refresh"),
  storageKey: secretBytesOf("storage key", Buffer.alloc(32, 7)),
  pendingSetUp: null,
  keptSecurityKey: null,
  newDevice: null,
  identity: NO_IDENTITY_PIN,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder("vault");
});
afterEach(() => folder.remove());

async function openWith(vault: Vault, key: Buffer): Promise<unknown> {
  const file = await vault.load();
  return file.kind === "sealed" ? vault.open(file, key) : file.kind;
}

it("opens with its key, as its account's, and with its place unchanged", async () => {
  const key = newKey();
  const vault = new Vault(ADA, folder.path);
  await vault.begin();
  expect(await vault.load()).toEqual({ kind: "begun" });
  await vault.write(SECRETS, key, "keychain");
  expect(await openWith(vault, key)).toEqual(SECRETS);
  expect(await openWith(vault, newKey())).toBeNull();
  expect(await openWith(new Vault(BOB, folder.path), key)).toBeNull();
  const path = join(folder.path, "secrets.sealed");
  const bytes = await readFile(path);
  // The byte that names the keychain; 2 is the passphrase.
  bytes[9] = 2;
  await writeFile(path, bytes);
  expect(await openWith(vault, key)).toBeNull();
  await vault.remove();
  expect(await vault.load()).toEqual({ kind: "absent" });
});

it("is never the same twice", async () => {
  const key = newKey();
  const vault = new Vault(ADA, folder.path);
  const seen = new Set<string>();
  for (let at = 0; at < 5; at += 1) {
    await vault.write(SECRETS, key, "keychain");
    seen.add((await readFile(join(folder.path, "secrets.sealed"))).subarray(10, 22).toString("hex"));
  }
  expect(seen.size).toBe(5);
});

it("takes only our own texts for keys", () => {
  const key = newKey();
  const text = vaultKeysToText([key]);
  expect(vaultKeysFromText(text)).toEqual([key]);
  const three = [newKey(), key, newKey()];
  expect(vaultKeysFromText(vaultKeysToText(three))).toEqual(three);
  for (const wrong of ["", "x", text.slice(1), text.slice(0, -4), `${text}=`, `${text} `, `${text}AAAA`, key.toString("base64")]) {
    expect(vaultKeysFromText(wrong)).toBeNull();
  }
});
