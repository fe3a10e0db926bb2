import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { keptAfterSetUp, KeptKeys, keptText, type ReadOfStorage } from "../../../main/encryption/storedSecurityKey.ts";
import { encryptSecret, newKeyCheck } from "../../../main/encryption/secretCipher.ts";
import { StoredSecret } from "../../../main/encryption/secretStorage.ts";
import type { OpenedStorage } from "../../../main/encryption/unlock.ts";
import { type AccountSecrets, NO_IDENTITY_PIN, type SecretRead, type SecretStore } from "../../../main/secrets/secretStore.ts";
import { SecretName } from "../../../shared/contract/secureBackup.ts";
import { AccountId } from "../../../shared/ids.ts";
import { accessToken, privateKeyOf, secretBytesOf, securityKeyBytes } from "../../support/secretValues.ts";

const ADA = AccountId.parse("ada0000000000000");
const ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2";

const newOpened = (keyId: string): OpenedStorage => ({ keyId, key: securityKeyBytes(randomBytes(32)) });

/** One account's secrets, as the store would answer them. */
class OneAccount implements SecretStore {
  answer: SecretRead = {
    kind: "found",
    secrets: {
      accessToken: accessToken("token"),
      refreshToken: null,
      storageKey: secretBytesOf("storage key", Buffer.alloc(32)),
      pendingSetUp: null,
      keptSecurityKey: null,
      newDevice: null,
      identity: NO_IDENTITY_PIN,
    },
    place: "keychain",
  };
  writes = 0;

  get kept(): string | null {
    if (this.answer.kind !== "found") throw new Error("not readable");
    return this.answer.secrets.keptSecurityKey;
  }

  put(keptSecurityKey: string | null): void {
    if (this.answer.kind === "found") this.answer.secrets = { ...this.answer.secrets, keptSecurityKey };
  }

  read = () => Promise.resolve(this.answer);
  remove = () => Promise.resolve();
  setAside = () => Promise.resolve();
  heldInMemory = () => null;
  write = () => Promise.resolve("keychain" as const);

  update = (_accountId: AccountId, change: (secrets: AccountSecrets) => AccountSecrets) => {
    if (this.answer.kind !== "found") return Promise.reject(new Error("not readable"));
    this.writes += 1;
    this.answer = { ...this.answer, secrets: change(this.answer.secrets) };
    return Promise.resolve(this.answer.secrets);
  };
}

let account: OneAccount;
let keptKeys: KeptKeys;
let now: OpenedStorage;

beforeEach(() => {
  account = new OneAccount();
  keptKeys = new KeptKeys(account);
  now = newOpened("now");
});

/** What the server says of a key, with a MAC or without one; then a secret that it locks tells. */
async function storageOf({ keyId, key }: OpenedStorage, checkable = true): Promise<ReadOfStorage> {
  const master = { encrypted: { [keyId]: await encryptSecret(privateKeyOf("a secret"), key, "m.cross_signing.master") } };
  const stored = SecretName.options.map((name) => {
    return [name, new StoredSecret(name === "m.cross_signing.master" ? master : null)] as const;
  });
  return {
    defaultKey: { kind: "found", keyId },
    description: { algorithm: ALGORITHM, ...(checkable ? await newKeyCheck(key) : {}) },
    stored: Object.fromEntries(stored) as ReadOfStorage["stored"],
  };
}

describe("how a kept Security Key stands to the Secure Backup", () => {
  const status = async (storage: ReadOfStorage) => (await keptKeys.describe(ADA, storage)).status;

  it("is none until one is kept, and current as long as it is the default key", async () => {
    expect(await keptKeys.describe(ADA, await storageOf(now))).toEqual({ status: "none", place: "keychain" });
    await keptKeys.keep(ADA, now);
    expect(await keptKeys.describe(ADA, await storageOf(now))).toEqual({ status: "current", place: "keychain" });
    expect(await status(await storageOf(now, false))).toBe("current");
  });

  it("is older once there is another default key, none, or one without a description", async () => {
    await keptKeys.keep(ADA, now);
    const storage = await storageOf(now);
    expect(await status(await storageOf({ ...now, keyId: "later" }))).toBe("older");
    expect(await status({ ...storage, defaultKey: { kind: "absent" }, description: null })).toBe("older");
    expect(await status({ ...storage, defaultKey: { kind: "malformed" }, description: null })).toBe("older");
    expect(await status({ ...storage, description: null })).toBe("older");
  });

  it("is older when another key is described under the same id, with a MAC or without", async () => {
    await keptKeys.keep(ADA, now);
    expect(await status(await storageOf(newOpened("now")))).toBe("older");
    expect(await status(await storageOf(newOpened("now"), false))).toBe("older");
  });

  it("cannot be told while secrets cannot be read, or when what is kept makes no sense", async () => {
    const storage = await storageOf(now);
    for (const text of ["", "{}", '{"version":2}', JSON.stringify({ version: 1, keyId: "now", key: "AAAA" })]) {
      account.put(text);
      expect(await keptKeys.describe(ADA, storage), text).toEqual({ status: "unreadable", place: "keychain" });
    }
    account.answer = { kind: "unreadable", reason: "keychain_locked" };
    expect(await keptKeys.describe(ADA, storage)).toEqual({ status: "unreadable", place: null });
    account.read = () => Promise.reject(new Error("the disk"));
    expect(await status(storage)).toBe("unreadable");
  });
});

describe("a kept Security Key", () => {
  it("is forgotten, and nothing is written where there is none", async () => {
    await keptKeys.forget(ADA);
    expect(account.writes).toBe(0);
    await keptKeys.keep(ADA, now);
    expect(await keptKeys.has(ADA)).toBe(true);
    await keptKeys.forget(ADA);
    expect(account.kept).toBeNull();
    expect(await keptKeys.has(ADA)).toBe(false);
  });

  it("is never said to be forgotten while it cannot be", async () => {
    await keptKeys.keep(ADA, now);
    account.answer = { kind: "unreadable", reason: "keychain_locked" };
    await expect(keptKeys.forget(ADA)).rejects.toThrow("not readable");
  });

  it("is not taken where nothing of the account is written down", async () => {
    if (account.answer.kind === "found") account.answer.place = "memory";
    await expect(keptKeys.keep(ADA, now)).rejects.toMatchObject({ error: { kind: "kept_this_time_only" } });
    expect(account.kept).toBeNull();
    if (account.answer.kind === "found") account.answer.place = "passphrase";
    await keptKeys.keep(ADA, now);
    expect(account.kept).not.toBeNull();
  });
});

describe("after a set-up", () => {
  const after = (before: string | null, keep: boolean): string | null => {
    account.put(before);
    return account.answer.kind === "found" ? keptAfterSetUp(account.answer.secrets, now, keep) : null;
  };
  const old = (): string => keptText(newOpened("old"));

  it("the new key is kept if that is wanted, and an old one never stays", () => {
    expect(after(null, false)).toBeNull();
    expect(after(null, true)).toBe(keptText(now));
    expect(after(old(), true)).toBe(keptText(now));
    expect(after(old(), false)).toBeNull();
    expect(after("damaged", false)).toBeNull();
  });

  it("the same key stays if it was kept in the meantime", () => {
    expect(after(keptText(now), false)).toBe(keptText(now));
  });
});
