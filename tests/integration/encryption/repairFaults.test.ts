import { describe, expect, it } from "vitest";
import { roomKeyCounts } from "../../../main/encryption/roomKeyUpload.ts";
import { cryptoMachineOf } from "../../../main/sdk/cryptoInternals.ts";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import type { SecureBackupDiagnosis } from "../../../shared/contract/secureBackup.ts";
import { DEFAULT_KEY, interrupt, type Interruption, OURS, patience, THEIRS } from "../../support/interruptedWork.ts";
import { VERSIONS } from "../../support/keysOnServer.ts";
import { errorOf } from "../../support/errorOf.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";
import { useServers } from "../../support/servers.ts";

const MASTER = "m.cross_signing.master";
const SELF_SIGNING = "m.cross_signing.self_signing";

const servers = useServers();

/** A repair: nothing may ever be lost, and every other turn is finished in the way that the page offers. */
function repairOf(
  diagnoses: SecureBackupDiagnosis[],
  roomKeys: number,
  { newBackup, decisive, deadly, prepare }: Pick<Interruption, "decisive" | "deadly" | "prepare"> & { newBackup: boolean },
): Interruption {
  return {
    work: { kind: "repair", newBackup },
    decisive,
    deadly,
    prepare: async (scene) => {
      await prepare(scene);
      expect((await scene.state()).diagnosis).toBe(diagnoses[0]);
    },
    stopped: async (scene, before, turn) => {
      expect(await scene.opened()).toEqual(expect.arrayContaining(before));
      const { backedUp } = await scene.use((client) => roomKeyCounts({ machine: cryptoMachineOf(client) }));
      const { diagnosis, backup } = await scene.state();
      expect([...diagnoses, "working"]).toContain(diagnosis);
      // Where nothing is left to be finished, what this session takes to be in the backup is in it.
      if (diagnosis === "working") expect(backup!.keyCount).toBeGreaterThanOrEqual(backedUp);
      const unlockable = diagnosis === "backup_not_connected" || diagnosis === "backup_key_differs";
      if (!unlockable || turn % 2 === 0) return;
      const { accountId, securityKey } = scene;
      const unlocking = scene.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) });
      // The page offers to unlock with the key: that is enough where the new backup has come to be.
      if ((await scene.opened()).some((what) => what.startsWith(`backup ${backup!.version} of`))) {
        expect((await unlocking).diagnosis).toBe("working");
      } else {
        expect(await errorOf(unlocking)).toMatchObject({ failed: ["m.megolm_backup.v1"] });
      }
    },
    finished: async (scene, before, { backup, ...state }) => {
      expect(state).toMatchObject({ diagnosis: "working", proven: true, unneededKeys: 0 });
      expect(backup).toMatchObject({ keyCount: roomKeys, active: true, signed: true });
      const opened = await scene.opened();
      expect(opened).toEqual(expect.arrayContaining(before));
      expect(opened).toEqual(expect.arrayContaining([MASTER, SELF_SIGNING, "m.cross_signing.user_signing"]));
      expect(opened).toContain(`backup ${backup!.version} of ${roomKeys}`);
    },
    atLast: async (scene) => {
      const elsewhere = await scene.openElsewhere();
      expect(elsewhere.roomKeys).toEqual({ inBackup: roomKeys, restored: roomKeys });
    },
  };
}

describe("a repair that is interrupted", () => {
  it(
    "has lost nothing of what is stored, and finishes when it is done again",
    async () => {
      await interrupt(
        servers,
        repairOf(["secret_not_stored", "key_not_checkable", "old_keys_left"], THEIRS + OURS, {
          newBackup: false,
          decisive: [
            { method: "PUT", path: /m\.secret_storage\.key\.(?!old)/, when: "after" },
            { method: "PUT", path: /m\.cross_signing\.master/, when: "before" },
            { method: "PUT", path: /m\.cross_signing\.self_signing/, when: "after" },
          ],
          deadly: [
            { method: "PUT", path: /m\.cross_signing\.master/, nth: 1, when: "after" },
            { method: "PUT", path: /m\.cross_signing\.self_signing/, nth: 1, when: "before" },
          ],
          prepare: async ({ onServer }) => {
            const { key } = await onServer.read(DEFAULT_KEY);
            const { iv: _iv, mac: _mac, ...uncheckable } = await onServer.read(`m.secret_storage.key.${key}`);
            await onServer.write(`m.secret_storage.key.${key}`, uncheckable);
            await onServer.write("m.secret_storage.key.old", uncheckable);
            await onServer.write(MASTER, {});
            const { encrypted } = await onServer.read(SELF_SIGNING);
            await onServer.write(SELF_SIGNING, { encrypted: { ...encrypted, old: encrypted[key] } });
          },
        }),
      );
    },
    patience,
  );

  it(
    "begins one new backup where another client has deleted it, and fills it",
    async () => {
      await interrupt(
        servers,
        repairOf(["backup_missing", "backup_not_connected"], OURS, {
          newBackup: false,
          decisive: [
            { method: "POST", path: /room_keys\/version/, when: "before" },
            { method: "POST", path: /room_keys\/version/, when: "after" },
            { method: "PUT", path: /room_keys\/keys/, when: "after", fault: { kind: "malformed" } },
          ],
          deadly: [{ method: "POST", path: /room_keys\/version/, nth: 1, when: "after" }],
          prepare: async (scene) => {
            const { version } = await scene.ask("GET", VERSIONS);
            await scene.ask("DELETE", `${VERSIONS}/${version}`);
          },
        }),
      );
    },
    patience,
  );

  it(
    "leaves older backups open to the Security Key where nothing opens the newest",
    async () => {
      await interrupt(
        servers,
        repairOf(["backup_key_differs", "backup_not_connected"], OURS, {
          newBackup: true,
          decisive: [
            { method: "POST", path: /room_keys\/version/, when: "before" },
            { method: "POST", path: /room_keys\/version/, when: "after" },
          ],
          deadly: [
            { method: "POST", path: /room_keys\/version/, nth: 1, when: "after" },
            { method: "PUT", path: /room_keys\/keys/, nth: 1, when: "before" },
          ],
          prepare: async (scene) => {
            const foreign = { public_key: backupPublicKey(privateKeyOf(Buffer.alloc(32, 7).toString("base64"))), signatures: {} };
            await scene.ask("POST", VERSIONS, { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: foreign });
          },
        }),
      );
    },
    patience,
  );
});
