import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFaultProxy } from "../../support/faultProxy.ts";
import { interrupt, OURS, patience, type Scene, type Servers } from "../../support/interruptedWork.ts";
import { startSynapse } from "../../support/synapse.ts";

const servers = {} as Servers;
beforeAll(async () => {
  servers.synapse = await startSynapse();
  servers.proxy = await startFaultProxy(servers.synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await servers.proxy.stop();
  await servers.synapse.stop();
});

describe("turning key storage off, interrupted by a failing server", () => {
  const isOff = async (scene: Scene): Promise<boolean> => (await scene.accountData("m.key_backup")).enabled === false;
  const IDENTITY = { exists: true, thisSessionVerified: true };

  it("is off from the first word of it, goes on when it is done again, and can be turned on again instead", async () => {
    await interrupt(servers, {
      decisive: [
        { method: "PUT", path: /m\.key_backup/, when: "before" },
        { method: "DELETE", path: /room_keys\/version/, when: "after" },
        { method: "PUT", path: /m\.cross_signing\.master/, when: "after" },
        { method: "PUT", path: /m\.secret_storage\.default_key/, when: "after" },
      ],
      prepare: async (scene) => {
        if (await isOff(scene)) await scene.setUp();
      },
      work: ({ service, accountId }) => service.turnOff({ accountId }),
      stopped: async (scene, before, turn) => {
        const { service, accountId } = scene;
        const opened = await scene.opened();
        const off = await isOff(scene);
        const { diagnosis, identity, secrets, key } = await scene.state();
        expect(diagnosis).toBe(off ? "turned_off" : "working");
        expect(identity).toEqual(IDENTITY);
        expect(secrets.every(({ name, here }) => here || name === "m.megolm_backup.v1")).toBe(true);
        if (!off) expect(opened).toEqual(before);
        // As long as other clients are led to the key, it opens all of the identity.
        if (key !== null) expect(opened).toEqual(expect.arrayContaining(before.filter((name) => name.startsWith("m."))));
        if (!off || turn % 2 === 0) return;
        const on = (await service.turnOn({ accountId })).diagnosis;
        if (on === "backup_missing") await scene.repair();
        if (on === "not_set_up") await scene.setUp();
        if ((await scene.state()).diagnosis === "old_keys_left") await scene.repair();
        expect(await scene.state()).toMatchObject({ diagnosis: "working", proven: true, backup: { signed: true } });
        expect(await scene.opened()).toHaveLength(4);
      },
      finished: async (scene, _before, state) => {
        expect(state).toMatchObject({ diagnosis: "turned_off", turnedOff: true, key: null, backup: null, identity: IDENTITY });
        expect(state.secrets.map(({ stored }) => stored)).toEqual(Array(4).fill("missing"));
        expect(await scene.opened()).toEqual([]);
        expect(await scene.accountData("m.org.matrix.custom.backup_disabled")).toEqual({ disabled: true });
      },
      atLast: async (scene) => {
        await scene.setUp();
        // Uploads at once what the SDK does within ten seconds.
        await scene.repair();
        const elsewhere = await scene.openElsewhere();
        expect(elsewhere.roomKeys).toEqual({ inBackup: OURS, restored: OURS });
      },
    });
  }, patience);
});
