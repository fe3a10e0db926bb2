import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Scene } from "../../support/interruptedWork.ts";
import { VERSIONS } from "../../support/keysOnServer.ts";
import { useServers } from "../../support/servers.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const servers = useServers();
let scene: Scene;
/** What the server says of the backup, which is in order. */
let right: { version: string; algorithm: string; auth_data: object; count: number; etag: string };
beforeAll(async () => {
  scene = await Scene.create(servers);
  right = await scene.ask("GET", VERSIONS);
}, 60_000);
afterEach(() => servers.proxy.clear());
afterAll(() => scene.end());

const publicKey = (key: unknown) => ({ ...right, auth_data: { ...right.auth_data, public_key: key } });
const without = (field: string) => ({ ...right, [field]: undefined });

type Case = [what: string, answer: () => { status?: number; body: unknown }, diagnosis: string];
const CASES: Case[] = [
  ["a public key of 45 bytes", () => ({ body: publicKey(Buffer.alloc(45, 1).toString("base64")) }), "backup_malformed"],
  ["a public key that is no base64", () => ({ body: publicKey("§".repeat(43)) }), "backup_malformed"],
  ["a public key of 43 dots", () => ({ body: publicKey(".".repeat(43)) }), "backup_malformed"],
  ["no public key", () => ({ body: publicKey(undefined) }), "backup_malformed"],
  ["a number for a public key", () => ({ body: publicKey(5) }), "backup_malformed"],
  ["no auth_data", () => ({ body: without("auth_data") }), "backup_malformed"],
  ["auth_data of null", () => ({ body: { ...right, auth_data: null } }), "backup_malformed"],
  ["a text for auth_data", () => ({ body: { ...right, auth_data: "none" } }), "backup_malformed"],
  ["another algorithm", () => ({ body: { ...right, algorithm: "org.example.backup.v9" } }), "backup_unknown_kind"],
  ["a number for a version", () => ({ body: { ...right, version: 1 } }), "backup_unreadable"],
  ["an empty version", () => ({ body: { ...right, version: "" } }), "backup_unreadable"],
  ["no version", () => ({ body: without("version") }), "backup_unreadable"],
  ["no algorithm", () => ({ body: without("algorithm") }), "backup_unreadable"],
  ["a list", () => ({ body: [right] }), "backup_unreadable"],
  ["null", () => ({ body: "null" }), "backup_unreadable"],
  ["a page", () => ({ body: "<html>Welcome</html>" }), "backup_unreadable"],
  ["a page with status 404", () => ({ status: 404, body: "<html>Not here</html>" }), "backup_unreadable"],
  ["a page with status 502", () => ({ status: 502, body: "<html>Bad gateway</html>" }), "backup_unreadable"],
  ["500", () => ({ status: 500, body: { errcode: "M_UNKNOWN", error: "Internal server error" } }), "backup_unreadable"],
  ["M_UNRECOGNIZED", () => ({ status: 404, body: { errcode: "M_UNRECOGNIZED", error: "No" } }), "backup_unreadable"],
  ["M_FORBIDDEN", () => ({ status: 403, body: { errcode: "M_FORBIDDEN", error: "No" } }), "backup_unreadable"],
];

describe("a server that answers for the backup", () => {
  it.each(CASES)("with %s leaves the rest to be seen, and nothing unheard", async (_what, answer, diagnosis) => {
    const { status = 200, body } = answer();
    servers.proxy.addRule({
      method: "GET",
      path: /room_keys\/version$/,
      fault: { kind: "answer", status, body },
      times: Infinity,
    });
    const unheard = await unhandledDuring(async () => {
      await scene.restart();
      const state = await scene.state();
      expect(state).toMatchObject({ diagnosis, identity: { exists: true, thisSessionVerified: true } });
      expect(state.secrets.map(({ stored, here }) => `${stored} ${here}`)).toEqual(Array(4).fill("stored true"));
      expect(state.backupProblem === null).toBe(diagnosis !== "backup_unreadable");
      expect(state.backup?.version ?? null).toBe(diagnosis === "backup_unreadable" ? null : right.version);
      if (state.backup) expect(state.backup).toMatchObject({ active: false, opensHere: false });
      // What the SDK does by itself at the start, after a refused upload and after a change of the identity.
      await scene.use((client) => client.getCrypto()!.checkKeyBackupAndEnable());
    });
    expect(unheard).toEqual([]);
    servers.proxy.clear();
    await scene.restart();
    expect(await scene.state()).toMatchObject({ diagnosis: "working", proven: true, backupProblem: null });
  });
});

describe("a backup of another kind", () => {
  it("is named, and neither overwritten nor deleted by what a person does to theirs", async () => {
    const kind = "org.example.backup.v9";
    const other = { algorithm: kind, auth_data: { "org.example": [1] } };
    const { version } = await scene.ask("POST", VERSIONS, other);
    expect(await scene.state()).toMatchObject({ diagnosis: "backup_unknown_kind", backup: { version, algorithm: kind } });
    const kept = async () => expect(await scene.ask("GET", `${VERSIONS}/${version}`)).toMatchObject(other);
    await expect(scene.repair(false)).rejects.toThrow("new_backup_needed");
    await kept();
    await scene.service.turnOff({ accountId: scene.accountId });
    await kept();
  });
});
