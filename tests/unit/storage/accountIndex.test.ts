import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountEntry, AccountIndex } from "../../../main/storage/accountIndex.ts";
import { writeDurably } from "../../../main/storage/durableFile.ts";
import { useFileLayer } from "../../../main/storage/fileLayer.ts";
import type { AccountHealth } from "../../../shared/contract/accounts.ts";
import { AccountId } from "../../../shared/ids.ts";
import { JsonFile } from "../../../main/storage/jsonFile.ts";
import { PowerCutDisk } from "../../support/powerCutDisk.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeEach(async () => {
  folder = await temporaryFolder("index");
  path = join(folder.path, "accounts.json");
});
afterEach(() => folder.remove());

const HEALTH: AccountHealth = {
  checkedAt: 1,
  thisSession: "verified",
  secureBackup: "working",
  recoveryEmail: { kind: "none" },
  otherSessions: null,
};

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
    await index.settled();
    expect((await opened()).get(idOf("a"))?.displayName).toBe("Ada");
    await expect(index.update(idOf("b"), (before) => before)).rejects.toMatchObject({ error: { kind: "no_such_account" } });
    await expect(index.add(entry("a"))).rejects.toThrow();
  });

  it("loses no change when many are made at once", async () => {
    const index = await opened();
    const all = Array.from({ length: 20 }, (_, at) => `n${String(at)}`);
    await Promise.all(all.map((name) => index.add(entry(name))));
    await Promise.all(all.map((name) => index.update(idOf(name), (before) => ({ ...before, displayName: name }))));
    await index.settled();
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
    const listed = (name: string): unknown => expect.objectContaining({ accountId: idOf(name), userId: `@${name}:hs.example` });
    expect(written.data.accounts).toEqual([listed("a"), strange, listed("b"), listed("c")]);
  });

  it("takes a health it does not know for unknown, not the account", async () => {
    const odd = { ...entry("a"), health: { checkedAt: 1, thisSession: "splendid" }, avatar: { mxc: 1 } };
    await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [odd] } }));
    expect((await opened()).list()).toEqual([entry("a")]);
  });

  it("keeps what 200 accounts say of themselves with a handful of syncs, and shows it at once", async () => {
    const disk = new PowerCutDisk();
    const putBack = useFileLayer(disk);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await disk.mkdir(folder.path);
      const all = Array.from({ length: 200 }, (_, at) => `n${String(at)}`);
      await writeDurably(path, JSON.stringify({ version: 1, data: { accounts: all.map(entry) } }));
      const index = await opened();
      disk.syncAll();
      const before = disk.syncs;
      for (const name of all) await index.update(idOf(name), (now) => ({ ...now, displayName: name }));
      for (const name of all)
        await index.update(idOf(name), (now) => ({ ...now, avatar: { mxc: `mxc://hs.example/${name}`, hash: "0123456789abcdef" } }));
      for (const name of all) await index.update(idOf(name), (now) => ({ ...now, health: HEALTH }));
      expect(index.get(idOf("n199"))).toMatchObject({ displayName: "n199", health: HEALTH });
      await index.settled();
      expect(disk.syncs - before).toBeLessThanOrEqual(4);
      // What nobody can be asked again is on the disk with each change.
      await index.update(idOf("n7"), (now) => ({ ...now, hasRun: true }));
      disk.restart("lost", () => 0);
      const again = await opened();
      expect(again.list().map(({ displayName }) => displayName)).toEqual(all);
      expect(again.get(idOf("n7"))).toMatchObject({ hasRun: true, health: HEALTH, avatar: { mxc: "mxc://hs.example/n7" } });
    } finally {
      vi.useRealTimers();
      putBack();
    }
  });

  it("writes what accounts say of themselves some seconds later by itself", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const index = await opened();
      await index.add({ ...entry("a"), displayName: "Ada" });
      expect(await readdir(folder.path)).not.toContain("account-cache.json");
      const written = vi.spyOn(JsonFile.prototype, "write");
      vi.advanceTimersByTime(60_000);
      await written.mock.results[0]?.value;
      expect(await readFile(join(folder.path, "account-cache.json"), "utf8")).toContain("Ada");
    } finally {
      vi.useRealTimers();
      vi.restoreAllMocks();
    }
  });

  it("loses what can be asked again with its file, and no account", async () => {
    const index = await opened();
    for (const name of ["a", "b"]) await index.add({ ...entry(name), displayName: name });
    await index.settled();
    const cache = join(folder.path, "account-cache.json");
    const { version, data } = JSON.parse(await readFile(cache, "utf8")) as { version: number; data: { accounts: Record<string, unknown> } };
    await writeFile(cache, JSON.stringify({ version, data: { accounts: { ...data.accounts, [idOf("a")]: 5 } } }));
    expect((await opened()).list().map(({ displayName }) => displayName)).toEqual([null, "b"]);
    await rm(`${cache}.bak`, { force: true });
    await writeFile(cache, "{");
    expect((await opened()).list()).toEqual([entry("a"), entry("b")]);
  });

  it("takes names from a list of before, and leaves them out of it from then on", async () => {
    await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [{ ...entry("a"), displayName: "Ada", later: 1 }] } }));
    const index = await opened();
    expect(index.get(idOf("a"))?.displayName).toBe("Ada");
    await index.update(idOf("a"), (now) => ({ ...now, hasRun: true, health: HEALTH }));
    await index.settled();
    const written = JSON.parse(await readFile(path, "utf8")) as { version: number; data: { accounts: object[] } };
    expect(written).toMatchObject({ version: 2, data: { accounts: [{ hasRun: true, later: 1 }] } });
    expect(Object.keys(written.data.accounts[0]!)).not.toContain("displayName");
    expect((await opened()).get(idOf("a"))).toMatchObject({ displayName: "Ada", health: HEALTH, hasRun: true });
  });

  it("keeps the names of a list of before that nobody asks for again", async () => {
    const avatar = { mxc: "mxc://hs.example/a", hash: "0123456789abcdef" };
    const before = { ...entry("a"), displayName: "Ada", avatar, health: HEALTH };
    for (const write of [
      (index: AccountIndex) => index.add(entry("c")),
      (index: AccountIndex) => index.update(idOf("b"), (now) => ({ ...now, hasRun: true })),
      (index: AccountIndex) => index.reorder([idOf("b")]),
      (index: AccountIndex) => index.remove(idOf("b")),
    ]) {
      await writeFile(path, JSON.stringify({ version: 1, data: { accounts: [before, entry("b")] } }));
      await write(await opened());
      expect(await readFile(path, "utf8")).not.toContain("Ada");
      expect((await opened()).get(idOf("a"))).toEqual(before);
      for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
    }
  });

  it("writes no list without the names of before where they cannot be kept", async () => {
    const text = JSON.stringify({ version: 1, data: { accounts: [{ ...entry("a"), displayName: "Ada" }] } });
    await writeFile(path, text);
    const index = await opened();
    // Where its file is to be, nothing can be written.
    await mkdir(join(folder.path, "account-cache.json"));
    for (const name of ["b", "c"]) await expect(index.add(entry(name))).rejects.toMatchObject({ error: { kind: "file_failed" } });
    expect(await readFile(path, "utf8")).toBe(text);
    await rmdir(join(folder.path, "account-cache.json"));
    await index.add(entry("b"));
    expect((await opened()).get(idOf("a"))?.displayName).toBe("Ada");
  });

  it("remembers nothing of a removed account, although it was being updated", async () => {
    const index = await opened();
    for (const name of ["a", "b"]) await index.add({ ...entry(name), displayName: name });
    await index.settled();
    const updated = index.update(idOf("a"), (now) => ({ ...now, hasRun: true, displayName: "Ada" }));
    const removed = index.remove(idOf("a"));
    const late = index.update(idOf("a"), (now) => ({ ...now, displayName: "Ada" }));
    await expect(late).rejects.toMatchObject({ error: { kind: "no_such_account" } });
    await Promise.all([updated, removed]);
    await index.settled();
    for (const name of await readdir(folder.path)) {
      expect(await readFile(join(folder.path, name), "utf8"), name).not.toMatch(new RegExp(`Ada|${idOf("a")}`));
    }
    expect((await opened()).get(idOf("b"))?.displayName).toBe("b");
  });

  it("forgets what is still remembered of an account that is not listed, unless the list is not whole", async () => {
    const cache = join(folder.path, "account-cache.json");
    const named = { displayName: "Ada", avatar: null, health: null };
    const start = async (list: string | null): Promise<string> => {
      for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
      const text = JSON.stringify({ version: 1, data: { accounts: { [idOf("a")]: named, [idOf("b")]: named } } });
      for (const file of [cache, `${cache}.bak`]) await writeFile(file, text);
      if (list !== null) await writeFile(path, list);
      const index = await opened();
      if (list !== null) await index.update(idOf("b"), (now) => ({ ...now, displayName: "Grace" })).catch(() => undefined);
      await index.settled();
      return `${await readFile(cache, "utf8")} ${await readFile(`${cache}.bak`, "utf8")}`;
    };
    const listOf = (accounts: unknown[]): string => JSON.stringify({ version: 2, data: { accounts } });
    const whole = await start(listOf([entry("b")]));
    expect(whole).not.toContain(idOf("a"));
    expect(whole).toContain(idOf("b"));
    for (const list of [listOf([{ of: "the future" }, entry("b")]), "{", null]) expect(await start(list)).toContain(idOf("a"));
  });

  it("removes an account although what is remembered of it cannot be forgotten, and forgets it later", async () => {
    const index = await opened();
    const cache = join(folder.path, "account-cache.json");
    for (const name of ["a", "b"]) await index.add({ ...entry(name), displayName: name });
    await index.settled();
    const text = await readFile(cache, "utf8");
    await rm(cache);
    await mkdir(cache);
    await index.remove(idOf("a"));
    expect(names(index)).toEqual(["b"]);
    await rmdir(cache);
    await writeFile(cache, text);
    await index.settled();
    for (const file of [cache, `${cache}.bak`]) expect(await readFile(file, "utf8")).not.toContain(idOf("a"));
  });

  it("shows nothing that is not on the disk", async () => {
    const index = await opened();
    await index.add(entry("a"));
    const broken = new AccountIndex({
      path: join(folder.path, "gone", "x.json"),
      onDamaged: () => undefined,
      onUnreadableEntries: () => undefined,
    });
    await broken.load();
    await expect(broken.add(entry("a"))).rejects.toMatchObject({ error: { kind: "file_failed", reason: "vanished" } });
    expect(broken.list()).toEqual([]);
  });
});
