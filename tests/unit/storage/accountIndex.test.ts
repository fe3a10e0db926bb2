import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AccountEntry, AccountIndex } from "../../../main/storage/accountIndex.ts";
import { AccountId } from "../../../shared/ids.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeEach(async () => {
  folder = await temporaryFolder("index");
  path = join(folder.path, "accounts.json");
});
afterEach(() => folder.remove());

const idOf = (name: string): AccountId => AccountId.parse(name.padEnd(16, "x"));

function entry(name: string): AccountEntry {
  return AccountEntry.parse({
    accountId: idOf(name),
    userId: `@${name}:hs.example`,
    deviceId: "DEV",
    homeserver: { serverName: "hs.example", baseUrl: "https://hs.example" },
    displayName: null,
    avatar: null,
    health: null,
    createdAt: 1,
  });
}

async function opened(unreadable: number[] = []): Promise<AccountIndex> {
  const index = new AccountIndex({
    path,
    onDamaged: () => undefined,
    onUnreadableEntries: (count) => unreadable.push(count),
  });
  await index.load();
  return index;
}

const names = (index: AccountIndex): string[] => index.list().map(({ userId }) => userId.slice(1, -":hs.example".length));

describe("AccountIndex", () => {
  it("keeps accounts in their order over restarts", async () => {
    const index = await opened();
    for (const name of ["a", "b", "c"]) await index.add(entry(name));
    await index.reorder([idOf("c"), idOf("unknown"), idOf("a"), idOf("c")]);
    expect(names(await opened())).toEqual(["c", "a", "b"]);
    await index.remove(idOf("a"));
    await index.remove(idOf("a"));
    expect(names(await opened())).toEqual(["c", "b"]);
  });

  it("leaves nothing of a removed account in the folder, and cannot bring it back from a copy", async () => {
    const index = await opened();
    for (const name of ["a", "b"]) await index.add(entry(name));
    await index.remove(idOf("a"));
    for (const name of await readdir(dirname(path))) {
      expect(await readFile(join(dirname(path), name), "utf8")).not.toContain("@a:hs.example");
    }
    await writeFile(path, "{");
    expect(names(await opened())).toEqual(["b"]);
  });

  it("reads its file once, so that a second load takes nothing back", async () => {
    const index = await opened();
    await index.add(entry("a"));
    await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [entry("b")] } }));
    await index.load();
    expect(names(index)).toEqual(["a"]);
  });

  it("changes one account and not its id", async () => {
    const index = await opened();
    await index.add(entry("a"));
    await index.update(idOf("a"), (before) => ({ ...before, displayName: "Ada", accountId: idOf("x") }));
    expect((await opened()).get(idOf("a"))?.displayName).toBe("Ada");
    await expect(index.update(idOf("b"), (before) => before)).rejects.toMatchObject({ error: { kind: "no_such_account" } });
    await expect(index.add(entry("a"))).rejects.toThrow();
  });

  it("loses no change when many are made at once", async () => {
    const index = await opened();
    const all = Array.from({ length: 20 }, (_, at) => `n${String(at)}`);
    await Promise.all(all.map((name) => index.add(entry(name))));
    await Promise.all(all.map((name) => index.update(idOf(name), (before) => ({ ...before, displayName: name }))));
    const again = await opened();
    expect(names(again)).toEqual(all);
    expect(again.list().every((one) => one.displayName === one.userId.slice(1, -":hs.example".length))).toBe(true);
  });

  it("does not lose the others, nor the entry, when one is not understood", async () => {
    const strange = { accountId: "NOT AN ID", of: "the future" };
    await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [entry("a"), strange, entry("b")] } }));
    const unreadable: number[] = [];
    const index = await opened(unreadable);
    expect(names(index)).toEqual(["a", "b"]);
    expect(unreadable).toEqual([1]);
    await index.add(entry("c"));
    const written = JSON.parse(await readFile(path, "utf8")) as { data: { accounts: unknown[] } };
    expect(written.data.accounts).toEqual([entry("a"), strange, entry("b"), entry("c")]);
  });

  it("takes a health it does not know for unknown, not the account", async () => {
    const odd = { ...entry("a"), health: { checkedAt: 1, thisSession: "splendid" }, avatar: { mxc: 1 } };
    await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [odd] } }));
    expect((await opened()).list()).toEqual([entry("a")]);
  });

  it("shows nothing that is not on the disk", async () => {
    const index = await opened();
    await index.add(entry("a"));
    const broken = new AccountIndex({ path: join(folder.path, "gone", "x.json"), onDamaged: () => undefined, onUnreadableEntries: () => undefined });
    await broken.load();
    await expect(broken.add(entry("a"))).rejects.toMatchObject({ error: { kind: "file_failed", reason: "vanished" } });
    expect(broken.list()).toEqual([]);
  });
});
