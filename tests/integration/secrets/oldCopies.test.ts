import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { Vault } from "../../../main/secrets/vaultFormat.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { AccountId } from "../../../shared/ids.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";

const DAY = 24 * 60 * 60 * 1000;
const PASSPHRASE = "quarrel lantern osprey velvet 1837";
const ada = AccountId.parse("abcdefgh01234567");

let data: StewardData;
let folders: Folders;
beforeEach(async () => {
  data = await StewardData.create();
  folders = new Folders(data.folder);
  await folders.prepare();
});
afterEach(() => data.destroy());

const copyOf = (path: string, daysAgo: number): string =>
  `${path}.damaged-${new Date(Date.now() - daysAgo * DAY).toISOString().replaceAll(/[:.]/g, "-")}`;
async function putCopies(path: string, daysAgo: readonly number[], text = "{"): Promise<string[]> {
  const names = daysAgo.map((days) => copyOf(path, days));
  for (const name of names) await writeFile(name, text);
  return names.map((name) => name.slice(name.lastIndexOf("/") + 1));
}
const copiesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((name) => name.includes(".damaged-"))
    .sort()
    .reverse();

/** A vault of an account of which only a damaged file may still know. */
async function putVault(protection: "keychain" | "passphrase"): Promise<void> {
  const { vault } = folders.account(ada);
  await mkdir(vault, { recursive: true });
  const secrets = { accessToken: "token", refreshToken: null, storageKey: Buffer.alloc(32, 7).toString("base64") };
  await new Vault(ada, vault).write(AccountSecrets.parse(secrets), Buffer.alloc(32, 3), protection);
}

describe("copies of files that were damaged, at the start", () => {
  it("are kept to the newest three of each file, and none for longer than 90 days", async () => {
    const settings = await putCopies(folders.settingsFile, [1, 2, 3, 4, 5]);
    const jobs = await putCopies(folders.jobsFile, [1, 89, 91]);
    const protection = await putCopies(join(folders.secrets, "protection.json"), [0, 100, 200, 300]);
    await writeFile(`${folders.settingsFile}.damaged-by-hand`, "not ours");
    await data.open();
    expect(await copiesIn(data.folder)).toEqual(["settings.json.damaged-by-hand", ...settings.slice(0, 3), ...jobs.slice(0, 2)]);
    expect(await copiesIn(folders.secrets)).toEqual(protection.slice(0, 1));
  });

  it("stay where they alone name an account whose secrets are here", async () => {
    await putVault("keychain");
    const naming = await putCopies(folders.accountIndexFile, [300], `{"accounts":[{"accountId":"${ada}"`);
    const [, gone] = await putCopies(folders.accountIndexFile, [0, 200], '{"version":1,"data":{"accounts":5}}');
    // Garbled, it may have named it.
    const garbled = await putCopies(folders.accountIndexFile, [250], "\u0000\u0001");
    await data.open();
    const left = await copiesIn(data.folder);
    expect(left).toEqual(expect.arrayContaining([...naming, ...garbled]));
    expect(left).not.toContain(gone);
  });

  it("go where the list names the account as well", async () => {
    await putVault("keychain");
    const entry = {
      accountId: ada,
      userId: "@ada:example.org",
      deviceId: "A",
      homeserver: { serverName: "example.org", baseUrl: "https://example.org" },
      displayName: null,
      avatar: null,
      health: null,
      createdAt: 1,
    };
    await writeFile(folders.accountIndexFile, JSON.stringify({ version: 1, data: { accounts: [entry] } }));
    await putCopies(folders.accountIndexFile, [300], `{"accounts":[{"accountId":"${ada}"`);
    await data.open();
    expect(await copiesIn(data.folder)).toEqual([]);
  });

  it("stay where they alone hold the key of a vault under the passphrase, also when another is chosen", async () => {
    data.keychain.problem = "unreachable";
    const services = await data.open();
    await services.secrets.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await data.close();
    await putVault("passphrase");
    const holding = await putCopies(
      folders.passphraseFile,
      [300],
      JSON.stringify({ version: 1, data: { content: { entries: { [ada]: "AAAA" } } } }),
    );
    await putCopies(folders.passphraseFile, [200], '{"version":1,"data":{"content":{"entries":{}}}}');
    const again = await data.open();
    expect(await copiesIn(folders.secrets)).toEqual(holding);
    await again.secrets.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await again.secrets.choosePassphrase({ passphrase: secretOf("passphrase", `another ${PASSPHRASE}`) });
    expect(await copiesIn(folders.secrets)).toEqual(holding);
  });
});

describe("the copy beside a file that is good", () => {
  it("says after 90 days what the file says", async () => {
    const [file, copy] = [folders.endedAccountsFile, `${folders.endedAccountsFile}.bak`];
    const text = JSON.stringify({ version: 1, data: { ended: [] } });
    await writeFile(file, text);
    await writeFile(copy, JSON.stringify({ version: 1, data: { ended: [], of: "long ago" } }));
    const before = await readFile(copy, "utf8");
    const read = async (): Promise<string> => {
      const { deactivation } = await data.open();
      await deactivation.ended();
      await data.close();
      return await readFile(copy, "utf8");
    };
    const daysAgo = async (days: number): Promise<void> => utimes(copy, new Date(), new Date(Date.now() - days * DAY));
    await daysAgo(89);
    expect(await read()).toBe(before);
    await daysAgo(91);
    expect(await read()).toBe(text);
  });

  it("stays, however old, where the file is gone", async () => {
    const copy = `${folders.passphraseFile}.bak`;
    data.keychain.problem = "unreachable";
    const services = await data.open();
    await services.secrets.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) });
    await data.close();
    const text = await readFile(copy, "utf8");
    await writeFile(folders.passphraseFile, "[");
    await utimes(copy, new Date(), new Date(Date.now() - 1000 * DAY));
    await (await data.open()).secrets.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
    expect(await readFile(folders.passphraseFile, "utf8")).toBe(text);
    expect(await readFile(copy, "utf8")).toBe(text);
  });
});
