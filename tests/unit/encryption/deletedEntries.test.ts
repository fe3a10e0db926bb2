import { describe, expect, it } from "vitest";
import { DeletedEntries } from "../../../main/encryption/deletedEntries.ts";
import type { ServerBackup } from "../../../main/encryption/encryptionApi.ts";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import type { CryptoMachine } from "../../../main/sdk/cryptoInternals.ts";
import type { SeenBackup } from "../../../main/storage/accountCache.ts";
import { AccountId } from "../../../shared/ids.ts";
import { privateKeyOf } from "../../support/secretValues.ts";

const ACCOUNT = AccountId.parse("deletedentries01");
const PRIVATE_KEY = privateKeyOf(Buffer.alloc(32, 3).toString("base64"));

/** A session whose machine takes so many room keys for backed up. */
function sessionWith(backedUp: number) {
  const counts = { total: backedUp, backedUp, free: () => undefined };
  return { machine: { roomKeyCounts: () => Promise.resolve(counts) } as unknown as CryptoMachine };
}

const backup = (keyCount: number, version = "1", etag: string | null = null): ServerBackup => ({
  version,
  etag,
  algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
  keyCount,
  publicKey: backupPublicKey(PRIVATE_KEY),
  raw: {},
});

function look(entries: DeletedEntries, count: number, backedUp: number, version = "1", etag: string | null = null): Promise<boolean> {
  const reading = { backup: backup(count, version, etag), backupKey: PRIVATE_KEY, activeVersion: version };
  return entries.mayBeMissing(ACCOUNT, sessionWith(backedUp), reading);
}

describe("entries that have gone from a backup", () => {
  it("are noticed at first sight where this session has put more into it", async () => {
    expect(await look(new DeletedEntries(), 3, 3)).toBe(false);
    expect(await look(new DeletedEntries(), 9, 3)).toBe(false);
    expect(await look(new DeletedEntries(), 2, 3)).toBe(true);
  });

  it("are noticed later where it had more, also when as many have come since from here", async () => {
    const entries = new DeletedEntries();
    expect(await look(entries, 7, 3)).toBe(false);
    expect(await look(entries, 6, 3)).toBe(true);
    expect(await look(entries, 7, 4)).toBe(true);
    expect(await look(entries, 8, 4)).toBe(false);
    expect(await look(entries, 9, 4)).toBe(true);
  });

  it("are noticed until they were looked for, and no longer", async () => {
    const entries = new DeletedEntries();
    await look(entries, 7, 3);
    expect([await look(entries, 5, 3), await look(entries, 5, 3)]).toEqual([true, true]);
    await entries.settle(ACCOUNT, sessionWith(3), backup(5));
    expect(await look(entries, 5, 3)).toBe(false);
    expect(await look(entries, 4, 3)).toBe(true);
  });

  it("are looked for where the number cannot tell and the etag has changed, also after a restart", async () => {
    const kept = new Map<AccountId, SeenBackup>();
    const keeping = { get: (id: AccountId) => kept.get(id) ?? null, keep: (id: AccountId, seen: SeenBackup) => void kept.set(id, seen) };
    const restarted = (): DeletedEntries => new DeletedEntries(keeping);
    expect(await look(restarted(), 7, 3, "1", "a")).toBe(false);
    // One was deleted, and another one added.
    expect(await look(restarted(), 7, 3, "1", "b")).toBe(true);
    expect(await look(restarted(), 9, 3, "1", "b")).toBe(true);
    expect(await look(restarted(), 6, 3, "1", "b")).toBe(true);
    // Nothing has changed, or what this session has uploaded.
    expect(await look(restarted(), 7, 3, "1", "a")).toBe(false);
    expect(await look(restarted(), 9, 5, "1", "c")).toBe(false);
    expect(await look(restarted(), 9, 5, "1", "c")).toBe(false);
  });

  it("are not looked for where this session has put nothing in", async () => {
    const entries = new DeletedEntries();
    await look(entries, 7, 0, "1", "a");
    expect(await look(entries, 9, 0, "1", "b")).toBe(false);
  });

  it("are looked for again after a while that grows with the number of entries, while others go on adding some", async () => {
    let now = 1_000_000;
    const entries = new DeletedEntries(undefined, () => now);
    await look(entries, 1_000, 3, "1", "a");
    await entries.settle(ACCOUNT, sessionWith(3), backup(1_000, "1", "a"));
    expect(await look(entries, 1_001, 3, "1", "b")).toBe(false);
    now += 10 * 60_000;
    expect(await look(entries, 1_002, 3, "1", "c")).toBe(true);
    now -= 60 * 60_000;
    expect(await look(entries, 1_002, 3, "1", "c")).toBe(true);
    // Fewer than there were: at once.
    await entries.settle(ACCOUNT, sessionWith(3), backup(1_002, "1", "c"));
    expect(await look(entries, 1_001, 3, "1", "d")).toBe(true);
  });

  it("are not looked for by what another version had", async () => {
    const entries = new DeletedEntries();
    await look(entries, 7, 3);
    expect(await look(entries, 3, 3, "2")).toBe(false);
  });

  it.each([
    ["none is there", { backup: null }],
    ["it is not connected", { activeVersion: null }],
    ["another one is connected", { activeVersion: "2" }],
    ["nothing here opens it", { backupKey: privateKeyOf(Buffer.alloc(32, 4).toString("base64")) }],
  ])("are not looked for where %s", async (_what, different) => {
    const reading = { backup: backup(1), backupKey: PRIVATE_KEY, activeVersion: "1", ...different };
    expect(await new DeletedEntries().mayBeMissing(ACCOUNT, sessionWith(3), reading)).toBe(false);
  });
});
