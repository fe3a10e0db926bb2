import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decryptSecret, encryptSecret } from "../../../main/encryption/secretCipher.ts";
import { isDescribedKey, readDescription, StoredSecret } from "../../../main/encryption/secretStorage.ts";
import { parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import { keyFromPhrase } from "../../../main/encryption/securityPhrase.ts";
import { readSecret } from "../../../main/encryption/secretValue.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";

const folder = join(import.meta.dirname, "../../vectors/secretStorage");

/** A head of lines `name: value`, an empty line, and the account data by type as JSON. */
function readVector(file: string) {
  const text = readFileSync(join(folder, file), "utf8");
  const end = text.indexOf("\n\n");
  const head = text
    .slice(0, end)
    .split("\n")
    .map((line) => line.split(/: (.*)/) as [string, string]);
  const accountData = JSON.parse(text.slice(end)) as Record<string, unknown>;
  const one = (name: string): string | undefined => head.find(([key]) => key === name)?.[1];
  const secrets = head.filter(([key]) => key === "secret").map(([, value]) => value.split(" ") as [string, string]);
  return { accountData, securityKey: one("security-key")!, phrase: one("phrase"), secrets };
}

const files = globSync("*.txt", { cwd: folder });

describe("secret storage made by another client, or by ours and read by others", () => {
  it.each(files)("%s opens, and is written again", async (file) => {
    const { accountData, securityKey, phrase, secrets } = readVector(file);
    const { key: keyId } = accountData["m.secret_storage.default_key"] as { key: string };
    const description = readDescription(accountData[`m.secret_storage.key.${keyId}`])!;
    const keys = [parseSecurityKey(secretOf("Security Key", securityKey))];
    if (phrase !== undefined) keys.push(await keyFromPhrase(secretOf("Security Key", phrase), description.passphrase!));
    expect(secrets).toHaveLength(4);
    for (const key of keys) {
      expect(await isDescribedKey(key, description)).toBe(true);
      for (const [name, secret] of secrets) {
        const copy = new StoredSecret(accountData[name]).copyFor(keyId)!;
        expect(readSecret((await decryptSecret(copy, key, name))!)).toEqual(secret);
        expect(await decryptSecret(await encryptSecret(privateKeyOf(secret), key, name), key, name)).toEqual(secret);
      }
    }
  });

  it("is there", () => expect(files.length).toBeGreaterThanOrEqual(3));
});
