import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import type { VaultSecretStore } from "../../../main/secrets/vaultStore.ts";
import { initialSecrets } from "../../../main/sessions/initialSecrets.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { AccountId } from "../../../shared/ids.ts";
import { MemoryKeychain } from "../../support/memoryKeychain.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken, secretOf } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const OLD = "seven old horses eat green bicycles";
const NEW = "nine new kettles sing under the bridge";
const ADA = AccountId.parse("ada0000000000000");
const BOB = AccountId.parse("b0b0000000000000");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const copies: Awaited<ReturnType<typeof temporaryFolder>>[] = [];

beforeEach(async () => {
  folder = await temporaryFolder("new-passphrase");
});
afterEach(async () => {
  for (const one of [folder, ...copies.splice(0)]) await one.remove();
});

async function open(path: string) {
  const folders = new Folders(path);
  await folders.prepare();
  const keychain = new MemoryKeychain();
  keychain.problem = "unreachable";
  const { protection, store } = await openSecrets({
    folders,
    keychain,
    log: quietLogger,
    onDamaged: () => undefined,
    scryptCost: { N: 2 ** 10, r: 8, p: 1 },
  });
  return { folders, protection, store: store as VaultSecretStore };
}

/** The folder as it is now. */
async function copyOf(path: string): Promise<string> {
  const copy = await temporaryFolder("copy");
  copies.push(copy);
  await cp(path, copy.path, { recursive: true });
  return copy.path;
}

async function twoAccounts() {
  const opened = await open(folder.path);
  await opened.protection.choosePassphrase({ passphrase: secretOf("passphrase", OLD) });
  await opened.store.write(ADA, initialSecrets({ accessToken: accessToken("ada's token") }));
  await opened.store.write(BOB, initialSecrets({ accessToken: accessToken("bob's token") }));
  return opened;
}

async function expectReadable(path: string, passphrase: string): Promise<void> {
  const { protection, store } = await open(path);
  await protection.unlock({ passphrase: secretOf("passphrase", passphrase) });
  expect(await store.read(ADA)).toMatchObject({ kind: "found", secrets: { accessToken: accessToken("ada's token") } });
  expect(await store.read(BOB)).toMatchObject({ kind: "found", secrets: { accessToken: accessToken("bob's token") } });
}

/** What the passphrase before and the file before open of the vaults as they are now. */
async function expectOldFileOpensNothing(before: string, now: string): Promise<void> {
  const mixed = await copyOf(now);
  const [from, to] = [new Folders(before).passphraseFile, new Folders(mixed).passphraseFile];
  await cp(from, to);
  await cp(`${from}.bak`, `${to}.bak`);
  const { protection, store } = await open(mixed);
  await protection.unlock({ passphrase: secretOf("passphrase", OLD) });
  for (const account of [ADA, BOB]) expect(await store.read(account)).toEqual({ kind: "unreadable", reason: "damaged" });
}

describe("another passphrase", () => {
  it("seals every vault with a new key, so that the old file and its passphrase open nothing", async () => {
    const { protection } = await twoAccounts();
    const before = await copyOf(folder.path);
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", NEW) });
    await expectReadable(folder.path, NEW);
    await expectOldFileOpensNothing(before, folder.path);
  });

  it("is finished at the next start where it was cut off before or amid the vaults", async () => {
    const { protection, store } = await twoAccounts();
    const before = await copyOf(folder.path);
    const cut: string[] = [];
    const renewKey = store.renewKey.bind(store);
    store.renewKey = async (account) => {
      cut.push(await copyOf(folder.path));
      await renewKey(account);
      cut.push(await copyOf(folder.path));
    };
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", NEW) });
    expect(cut.length).toBe(4);
    for (const path of cut) {
      await expectReadable(path, NEW);
      await expectOldFileOpensNothing(before, path);
    }
  });

  it("takes along what an earlier cut has left, however often", async () => {
    const { protection, store } = await twoAccounts();
    store.renewKey = () => Promise.reject(new Error("cut off"));
    for (const phrase of [NEW, OLD, NEW]) await protection.choosePassphrase({ passphrase: secretOf("passphrase", phrase) });
    await expectReadable(folder.path, NEW);
  });

  it("takes away copies of the file that were put aside as damaged", async () => {
    const { protection, folders } = await twoAccounts();
    await writeFile(`${folders.passphraseFile}.damaged-2026-01-01T00-00-00-000Z`, "sealed under the old one");
    await protection.choosePassphrase({ passphrase: secretOf("passphrase", NEW) });
    expect((await readdir(join(folders.passphraseFile, ".."))).filter((name) => name.includes("damaged"))).toEqual([]);
  });
});
