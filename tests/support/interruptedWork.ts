import { expect } from "vitest";
import { openEncryption } from "../../main/encryption/encryptionAccess.ts";
import { backupPublicKey, samePublicKey, signingPublicKey } from "../../main/encryption/publicKeys.ts";
import { uploadRoomKeys } from "../../main/encryption/roomKeyUpload.ts";
import { cryptoMachineOf } from "../../main/encryption/sdkInternals.ts";
import { decryptSecret } from "../../main/encryption/secretCipher.ts";
import { StoredSecret } from "../../main/encryption/secretStorage.ts";
import { parseSecurityKey } from "../../main/encryption/securityKey.ts";
import { SecretName, type SecureBackupState } from "../../shared/contract/secureBackup.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Fault, FaultProxy, FaultRule } from "./faultProxy.ts";
import { matches } from "./faultRules.ts";
import { type MatrixAnswer, matrixCall } from "./matrixApi.ts";
import { makeRoomKeys } from "./roomKeyMaker.ts";
import { openForPerson } from "./secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "./secureBackupChecks.ts";
import { type SecureBackupRig, setUpWithKey, signInTo } from "./secureBackupRig.ts";
import { type OpenedBackup, type SdkSession, startSdkSession } from "./sdkSession.ts";
import { sample, soak } from "./seed.ts";
import { StewardData } from "./stewardRooms.ts";
import type { Synapse, TestUser } from "./synapse.ts";

export const DEFAULT_KEY = "m.secret_storage.default_key";
/** Where key backups are asked for. */
export const VERSIONS = "/_matrix/client/v3/room_keys/version";
/** Everything but the long poll, which goes on beside the work. */
const NOT_SYNC = /^(?!.*\/sync\b)/;
const FAULTS: Record<"before" | "after", Fault[]> = {
  before: [{ kind: "reset" }, { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }],
  // What is written is not looked at in the answer: only a soak, in which all requests are met, spoils it everywhere.
  after: sample<Fault[]>([{ kind: "cut" }, { kind: "reset" }], [{ kind: "cut" }, { kind: "reset" }, { kind: "malformed" }]),
};
/** Room keys that the other client has put into the backup, and those that this session holds. */
export const THEIRS = 2;
export const OURS = 3;

/** A homeserver, and what stands before it. */
export interface Servers {
  synapse: Synapse;
  proxy: FaultProxy;
}

/** For one test: some requests, or all of them in a soak. */
export const patience = sample(120_000, 3_600_000);

let users = 0;

/** An account with a Secure Backup that another client has set up, unlocked here, all room keys in the backup. */
export class Scene {
  securityKey: string;
  readonly accountId: AccountId;
  readonly user: TestUser;
  readonly onServer: AccountDataOnServer;
  readonly #synapse: Synapse;
  readonly #rig: SecureBackupRig;
  readonly #data: StewardData;
  readonly #other: SdkSession;

  private constructor(parts: {
    synapse: Synapse;
    user: TestUser;
    other: SdkSession;
    data: StewardData;
    rig: SecureBackupRig;
    accountId: AccountId;
    securityKey: string;
  }) {
    this.user = parts.user;
    this.accountId = parts.accountId;
    this.securityKey = parts.securityKey;
    this.onServer = new AccountDataOnServer(parts.synapse, parts.other.tokens);
    this.#synapse = parts.synapse;
    this.#rig = parts.rig;
    this.#data = parts.data;
    this.#other = parts.other;
  }

  static async create({ synapse, proxy }: Servers): Promise<Scene> {
    const user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
    const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    const securityKey = await other.setUpSecureBackup();
    await other.sendRoomKeys(THEIRS);
    // It would mend, or spoil, what is broken here.
    other.stop();
    const data = await StewardData.create();
    const rooms = await data.open();
    const rig = openForPerson(rooms, user);
    const accountId = await signInTo(rooms, user, proxy.baseUrl);
    await rig.service.unlock({ accountId, keyOrPhrase: securityKey });
    await rooms.health.refresh(accountId);
    await rooms.sessions.session(accountId).use(async (client, signal) => {
      const keys = JSON.stringify(makeRoomKeys(OURS));
      (await cryptoMachineOf(client).importExportedRoomKeys(keys, () => undefined)).free();
      await uploadRoomKeys(openEncryption(client, { signal }));
    });
    return new Scene({ synapse, user, other, data, rig, accountId, securityKey });
  }

  end(): Promise<void> {
    return this.#data.destroy();
  }

  get service() {
    return this.#rig.service;
  }

  state() {
    return this.service.state({ accountId: this.accountId });
  }

  repair() {
    return this.service.repair({ accountId: this.accountId, keyOrPhrase: this.securityKey, newBackup: true });
  }

  async setUp(): Promise<void> {
    const { securityKey, setUp } = await setUpWithKey(this.#rig, this.accountId);
    expect(setUp).toMatchObject({ phase: "checked", error: null });
    this.securityKey = securityKey;
  }

  /** Asks the server past the proxy; null when it has no such thing. */
  async ask(method: "GET" | "PUT" | "DELETE" | "POST", path: string, body?: unknown) {
    const token = this.#other.tokens.accessToken;
    const answer = await matrixCall(this.#synapse.baseUrl, { method, path, token, body });
    if (answer.status === 404) return null;
    expect(answer.status, path).toBe(200);
    return answer.body;
  }

  async accountData(type: string): Promise<MatrixAnswer["body"]> {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(this.user.userId)}/account_data/${encodeURIComponent(type)}`;
    return (await this.ask("GET", path)) ?? {};
  }

  /** What a client that was never here before opens with the Security Key. */
  openElsewhere(): Promise<OpenedBackup> {
    return openElsewhere(this.#synapse, this.user, { securityKey: this.securityKey });
  }

  /**
   * All that the Security Key leads to by way of the default key, compared with the public keys on the server: secrets of
   * the identity, and backups with their room keys.
   */
  async opened(): Promise<string[]> {
    const { key: keyId } = await this.accountData(DEFAULT_KEY);
    if (keyId === undefined) return [];
    const key = parseSecurityKey(this.securityKey);
    const { userId } = this.user;
    const keys = await this.ask("POST", "/_matrix/client/v3/keys/query", { device_keys: { [userId]: [] } });
    const stored = await Promise.all(SecretName.options.map((name) => this.accountData(name)));
    const opened: string[] = [];
    for (const [index, name] of SecretName.options.entries()) {
      const copy = new StoredSecret(stored[index]).copyFor(keyId);
      const secret = copy && (await decryptSecret(copy, key, name));
      if (secret === null) continue;
      if (name === "m.megolm_backup.v1") {
        for (const { version, count, auth_data: data } of await this.#backups()) {
          if (samePublicKey(backupPublicKey(secret), data.public_key)) opened.push(`backup ${version} of ${count}`);
        }
      } else {
        const known = keys[`${name.replace("m.cross_signing.", "")}_keys`][userId].keys;
        if (samePublicKey(signingPublicKey(secret), Object.values(known)[0] as string)) opened.push(name);
      }
    }
    return opened;
  }

  async #backups(): Promise<{ version: string; count: number; auth_data: { public_key: string } }[]> {
    const newest = await this.ask("GET", VERSIONS);
    const numbers = Array.from({ length: Number(newest?.version ?? 0) }, (_, index) => index + 1);
    const all = await Promise.all(numbers.map((version) => this.ask("GET", `${VERSIONS}/${version}`)));
    return all.filter((backup) => backup !== null);
  }
}

type Rule = Omit<FaultRule, "fault"> & { when: "before" | "after"; fault?: Fault };

/** Does the same work again and again, each time with one of its requests failing, and sees what it leaves behind. */
export interface Interruption {
  /** Requests after which most is at stake: each changes what other clients find. */
  decisive: Rule[];
  prepare: (scene: Scene) => Promise<void>;
  work: (scene: Scene) => Promise<SecureBackupState>;
  /** Looks at what it has come to when a request has failed. */
  stopped: (scene: Scene, before: string[], turn: number) => Promise<void>;
  finished: (scene: Scene, before: string[], state: SecureBackupState) => Promise<void>;
  /** What a client that was never here before can open in the end. */
  atLast: (scene: Scene) => Promise<void>;
}

export async function interrupt(
  servers: Servers,
  { decisive, prepare, work, stopped, finished, atLast }: Interruption,
): Promise<void> {
  const { proxy } = servers;
  const scene = await Scene.create(servers);
  let turn = 0;
  let times = 0;
  const once = async (rule: Rule): Promise<void> => {
    const fault = rule.fault ?? FAULTS[rule.when][turn % FAULTS[rule.when].length]!;
    const what = `${rule.method ?? "any"} ${rule.path} ${rule.skip ?? 0}, ${fault.kind} ${rule.when}`;
    try {
      await prepare(scene);
      const before = await scene.opened();
      const faulty = proxy.addRule({ ...rule, fault });
      const thrown = await work(scene).then(
        () => null,
        (error: unknown) => error,
      );
      faulty.remove();
      if (!soak) expect(faulty.met).toBe(1);
      if (thrown !== null) {
        times += 1;
        expect(thrown).toBeInstanceOf(AppFailure);
        expect((thrown as AppFailure).error.kind).toMatch(/^(?:network|server|bad_answer)$/);
        await stopped(scene, before, turn);
      }
      await finished(scene, before, await work(scene));
    } catch (error) {
      throw new Error(what, { cause: error });
    }
    turn += 1;
  };
  try {
    await prepare(scene);
    const before = await scene.opened();
    proxy.clearRecord();
    const state = await work(scene);
    const made = proxy.requests({ path: NOT_SYNC });
    await finished(scene, before, state);
    for (const match of decisive) {
      expect(made.some((request) => matches(match, request)), `${match.method} ${match.path}`).toBe(true);
    }
    if (soak) {
      for (let skip = 0; skip < made.length; skip += 1) {
        for (const when of ["before", "after"] as const) await once({ path: NOT_SYNC, skip, when });
      }
    } else {
      for (const rule of decisive) await once(rule);
    }
    // An answer that is cut short stops nothing where nothing is read in it.
    expect(times).toBeGreaterThan(sample(turn / 2, 0));
    await atLast(scene);
  } finally {
    proxy.clear();
    await scene.end();
  }
}
