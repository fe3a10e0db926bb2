import { describe, expect, it } from "vitest";
import { DEFAULT_KEY, interrupt, OURS, patience, Scene, THEIRS } from "../../support/interruptedWork.ts";
import { errorOf } from "../../support/errorOf.ts";
import { matrixOk } from "../../support/matrixApi.ts";
import { useServers } from "../../support/servers.ts";

const servers = useServers();

describe("turning Secure Backup off, interrupted", () => {
  const isOff = async (scene: Scene): Promise<boolean> => (await scene.onServer.readIfAny("m.key_backup")).enabled === false;
  /** The key of secret storage before it is taken away. */
  let keyId: string;
  const IDENTITY = { exists: true, thisSessionVerified: true };

  it(
    "is off from the first word of it, goes on when it is done again, and can be turned on again instead",
    async () => {
      await interrupt(servers, {
        work: { kind: "turn_off" },
        decisive: [
          { method: "PUT", path: /m\.key_backup/, when: "before" },
          { method: "DELETE", path: /room_keys\/version/, when: "after" },
          { method: "PUT", path: /m\.cross_signing\.master/, when: "after" },
          { method: "PUT", path: /m\.secret_storage\.default_key/, when: "after" },
          { method: "PUT", path: /m\.secret_storage\.key\./, when: "before" },
        ],
        deadly: [
          { method: "DELETE", path: /room_keys\/version/, nth: 1, when: "after" },
          { method: "PUT", path: /m\.cross_signing\.master/, nth: 1, when: "before" },
        ],
        prepare: async (scene) => {
          if (await isOff(scene)) await scene.setUp();
          ({ key: keyId } = await scene.onServer.readIfAny(DEFAULT_KEY));
        },
        stopped: async (scene, before, turn) => {
          const { service, accountId } = scene;
          const opened = await scene.opened();
          const off = await isOff(scene);
          const { diagnosis, identity, secrets, key, unneededKeys } = await scene.state();
          expect(diagnosis).toBe(off ? "turned_off" : "working");
          expect(identity).toMatchObject(IDENTITY);
          expect(secrets.every(({ name, here }) => here || name === "m.megolm_backup.v1")).toBe(true);
          // A description may be all that is left: it is said, so that the page offers to finish.
          const isDescribed = Object.keys(await scene.onServer.readIfAny(`m.secret_storage.key.${keyId}`)).length > 0;
          expect(unneededKeys).toBe(key === null && isDescribed ? 1 : 0);
          if (!off) expect(opened).toEqual(before);
          // As long as other clients are led to the key, it opens all of the identity.
          if (key !== null) expect(opened).toEqual(expect.arrayContaining(before.filter((name) => name.startsWith("m."))));
          if (!off || turn % 2 === 0) return;
          const on = (await service.turnOn({ accountId })).diagnosis;
          if (on === "backup_missing" || on === "default_key_missing") await scene.repair();
          if (on === "not_set_up") await scene.setUp();
          if ((await scene.state()).diagnosis === "old_keys_left") await scene.repair();
          expect(await scene.state()).toMatchObject({ diagnosis: "working", proven: true, backup: { signed: true } });
          expect(await scene.opened()).toHaveLength(4);
        },
        finished: async (scene, _before, state) => {
          expect(state).toMatchObject({ diagnosis: "turned_off", turnedOff: true, key: null, backup: null, identity: IDENTITY });
          expect(state.unneededKeys).toBe(0);
          expect(await scene.onServer.read(`m.secret_storage.key.${keyId}`)).toEqual({});
          expect(state.secrets.map(({ stored }) => stored)).toEqual(Array(4).fill("missing"));
          expect(await scene.opened()).toEqual([]);
          expect(await scene.onServer.readIfAny("m.org.matrix.custom.backup_disabled")).toEqual({ disabled: true });
        },
        atLast: async (scene) => {
          await scene.setUp();
          // Uploads at once what the SDK does within ten seconds.
          await scene.repair();
          const elsewhere = await scene.openElsewhere();
          // Those that only the backup had were taken into the session before it was deleted.
          expect(elsewhere.roomKeys).toEqual({ inBackup: THEIRS + OURS, restored: THEIRS + OURS });
        },
      });
    },
    patience,
  );
});

describe("turning Secure Backup off, at a server that deletes a backup and has it still", () => {
  it("ends with an error, and is finished when it is done again", async () => {
    const scene = await Scene.create(servers);
    const { service, accountId } = scene;
    const deaf = servers.proxy.addRule({
      method: "DELETE",
      path: /room_keys\/version/,
      fault: { kind: "answer", status: 200, body: {} },
      times: Infinity,
    });
    try {
      const { host } = new URL(servers.proxy.baseUrl);
      expect(await errorOf(service.turnOff({ accountId }))).toEqual({ kind: "bad_answer", host });
      expect(deaf.met).toBe(1);
      deaf.remove();
      expect(await service.turnOff({ accountId })).toMatchObject({ diagnosis: "turned_off", key: null, backup: null });
    } finally {
      deaf.remove();
      await scene.end();
    }
  });
});

describe("a server whose sync learns late of what was written", () => {
  it("is told how Secure Backup stands from what was written, when it is turned off, set up and turned on again", async () => {
    const scene = await Scene.create(servers);
    const { service, accountId } = scene;
    const token = await scene.use((client) => Promise.resolve(client.getAccessToken()!));
    const body = await matrixOk(servers.proxy.baseUrl, { path: "/_matrix/client/v3/sync?timeout=0", token });
    const late = servers.proxy.addRule({
      method: "GET",
      path: /\/sync\?(?!.*\bsince=)/,
      fault: { kind: "answer", status: 200, body },
      times: Infinity,
    });
    try {
      const off = await service.turnOff({ accountId });
      expect(off).toMatchObject({ diagnosis: "turned_off", turnedOff: true, key: null, unneededKeys: 0 });
      expect(off.secrets.map(({ stored }) => stored)).toEqual(Array(4).fill("missing"));
      await scene.setUp();
      expect(await scene.state()).toMatchObject({ diagnosis: "working", proven: true });
      await scene.onServer.write("m.key_backup", { enabled: false });
      expect((await service.turnOn({ accountId })).diagnosis).toBe("working");
      expect(late.met).toBeGreaterThan(3);
    } finally {
      late.remove();
      await scene.end();
    }
  });
});
