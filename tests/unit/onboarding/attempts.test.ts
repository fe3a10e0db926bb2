import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Attempts } from "../../../main/onboarding/attempts.ts";
import { newClientSecret, RegistrationRecord } from "../../../main/onboarding/registrationRecord.ts";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import { Folders } from "../../../main/storage/folders.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { revealedJson } from "../../../shared/secret.ts";
import { MemoryKeychain } from "../../support/memoryKeychain.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const RECORD: RegistrationRecord = {
  kind: "registration",
  serverName: "example.org",
  baseUrl: "https://matrix.example.org",
  username: "alice",
  email: "alice@mail.example",
  deviceId: "ABCDEFGHIJ",
  clientSecret: newClientSecret(),
  mail: null,
  phone: null,
  code: null,
  uiaSession: null,
  made: null,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let keychain: MemoryKeychain;
let listed: Set<AccountId>;

beforeEach(async () => {
  folder = await temporaryFolder("attempts");
  keychain = new MemoryKeychain();
  listed = new Set();
});
afterEach(() => folder.remove());

/** As a start of the app does. */
async function open() {
  const folders = new Folders(folder.path);
  await folders.prepare();
  const { store: secretStore } = await openSecrets({ folders, keychain, log: quietLogger, onDamaged: () => undefined });
  const parts = { secretStore, folders, isListed: (accountId: AccountId) => listed.has(accountId) };
  return { secretStore, attempts: new Attempts(parts, RegistrationRecord) };
}

describe("an attempt", () => {
  it("is found again at the next start, as it was written last", async () => {
    const { attempts } = await open();
    const attemptId = await attempts.create(RECORD);
    const later = { ...RECORD, uiaSession: "session", mail: { address: RECORD.email!, attempt: 2, sid: "17" } };
    await attempts.update(attemptId, later);
    expect(await (await open()).attempts.list()).toEqual([{ attemptId, content: later }]);
  });

  it("leaves nothing readable on disk", async () => {
    await (await open()).attempts.create({ ...RECORD, uiaSession: "the-uia-session" });
    const files = await readdir(folder.path, { recursive: true, withFileTypes: true });
    const written = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1"));
    const text = (await Promise.all(written)).join("\n");
    for (const secret of [RECORD.clientSecret, "the-uia-session", RECORD.email!, RECORD.deviceId]) {
      expect(text).not.toContain(secret);
    }
  });

  it("has a token only once an account has come of it", async () => {
    const { attempts } = await open();
    const attemptId = await attempts.create(RECORD);
    await expect(attempts.accessToken(attemptId)).rejects.toMatchObject({ error: { kind: "secret_missing" } });
    const made = { userId: "@alice:example.org", deviceId: RECORD.deviceId, baseUrl: RECORD.baseUrl };
    await attempts.complete(attemptId, { ...RECORD, made }, accessToken("token"));
    const again = (await open()).attempts;
    expect(await again.list()).toEqual([{ attemptId, content: { ...RECORD, made } }]);
    expect(await again.accessToken(attemptId)).toEqual("token");
  });

  it("is none any more where the account is listed, whose own secrets stay", async () => {
    const { attempts, secretStore } = await open();
    const attemptId = await attempts.create(RECORD);
    await attempts.complete(attemptId, RECORD, accessToken("token"));
    listed.add(attemptId);
    expect(await attempts.list()).toEqual([]);
    await attempts.settle(attemptId);
    const read = await secretStore.read(attemptId);
    expect(read).toMatchObject({ kind: "found", secrets: { accessToken: "token" } });
    expect(revealedJson(read)).not.toContain(RECORD.clientSecret);
  });

  it("is gone when it is dropped, with its folder, and cannot be written any more", async () => {
    const { attempts } = await open();
    const attemptId = await attempts.create(RECORD);
    await attempts.drop(attemptId);
    expect(await readdir(join(folder.path, "accounts"))).toEqual([]);
    expect(await attempts.list()).toEqual([]);
    await expect(attempts.update(attemptId, RECORD)).rejects.toMatchObject({ error: { kind: "secret_missing" } });
  });

  it("is passed over where it is of another kind, or no attempt at all", async () => {
    const { attempts, secretStore } = await open();
    const attemptId = await attempts.create(RECORD);
    for (const attempt of ["{", "null", JSON.stringify({ ...RECORD, kind: "recovery" }), undefined]) {
      await secretStore.update(attemptId, ({ attempt: _, ...rest }) => ({ ...rest, ...(attempt !== undefined && { attempt }) }));
      expect(await attempts.list()).toEqual([]);
    }
  });
});

it("makes a client secret of 256 bits, in the letters that servers take", () => {
  expect(newClientSecret()).toMatch(/^[0-9A-Za-z_-]{43}$/);
  expect(newClientSecret()).not.toBe(newClientSecret());
});
