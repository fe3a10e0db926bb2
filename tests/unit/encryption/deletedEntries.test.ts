import { describe, expect, it } from "vitest";
import { DeletedEntries } from "../../../main/encryption/deletedEntries.ts";
import type { ServerBackup } from "../../../main/encryption/encryptionApi.ts";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import type { CryptoMachine } from "../../../main/sdk/cryptoInternals.ts";
import { AccountId } from "../../../shared/ids.ts";

const ACCOUNT = AccountId.parse("deletedentries01");
const PRIVATE_KEY = Buffer.alloc(32, 3).toString("base64");

/** A session whose machine takes so many room keys for backed up. */
function sessionWith(backedUp: number) {
  const counts = { total: backedUp, backedUp, free: () => undefined };
  return { machine: { roomKeyCounts: () => Promise.resolve(counts) } as unknown as CryptoMachine };
}

const backup = (keyCount: number, version = "1"): ServerBackup => ({
  version,
  algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
  keyCount,
  publicKey: backupPublicKey(PRIVATE_KEY),
  raw: {},
});

function look(entries: DeletedEntries, count: number, backedUp: number, version = "1"): Promise<boolean> {
  const reading = { backup: backup(count, version), backupKey: PRIVATE_KEY, activeVersion: version };
  return entries.areMissing(ACCOUNT, sessionWith(backedUp), reading);
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
  });

  it("are noticed until they were looked for, and no longer", async () => {
    const entries = new DeletedEntries();
    await look(entries, 7, 3);
    expect([await look(entries, 5, 3), await look(entries, 5, 3)]).toEqual([true, true]);
    await entries.settle(ACCOUNT, sessionWith(3), backup(5));
    expect(await look(entries, 5, 3)).toBe(false);
    expect(await look(entries, 4, 3)).toBe(true);
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
    ["nothing here opens it", { backupKey: Buffer.alloc(32, 4).toString("base64") }],
  ])("are not looked for where %s", async (_what, different) => {
    const reading = { backup: backup(1), backupKey: PRIVATE_KEY, activeVersion: "1", ...different };
    expect(await new DeletedEntries().areMissing(ACCOUNT, sessionWith(3), reading)).toBe(false);
  });
});
