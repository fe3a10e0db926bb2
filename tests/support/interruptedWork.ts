import { expect } from "vitest";
import type { MatrixClient } from "matrix-js-sdk";
import { backupPublicKey, samePublicKey, signingPublicKey } from "../../main/roomKeys/keyPairs.ts";
import { cryptoMachineOf } from "../../main/sdk/cryptoInternals.ts";
import { decryptSecret } from "../../main/encryption/secretCipher.ts";
import { StoredSecret } from "../../main/encryption/secretStorage.ts";
import { parseSecurityKey } from "../../main/encryption/securityKey.ts";
import type { Services } from "../../main/services.ts";
import { SecretName, type SecureBackupState } from "../../shared/contract/secureBackup.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Fault, FaultProxy, FaultRule } from "./faultProxy.ts";
import { matches } from "./faultRules.ts";
import { matrixCall } from "./matrixApi.ts";
import type { KillableWork } from "./killableWork.ts";
import { expectNothingGone, type KeysOnServer, readKeysOnServer, storeUnopenable, VERSIONS } from "./keysOnServer.ts";
import { killDuring, type KillPoint } from "./killedWork.ts";
import { makeRoomKeys } from "./roomKeyMaker.ts";
import { secretOf } from "./secretValues.ts";
import { openForNewUser, openForPerson, setUpElsewhere } from "./secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "./secureBackupChecks.ts";
import { type SecureBackupRig, setUpWithKey, signInTo } from "./secureBackupRig.ts";
import type { OpenedBackup, SdkSession } from "./sdkSession.ts";
import { sample } from "./seed.ts";
import type { Servers } from "./servers.ts";
import { soak } from "./soak.ts";
import { type StewardData } from "./stewardServices.ts";
import type { Synapse, TestUser } from "./synapse.ts";
import { uploadNow } from "./uploadNow.ts";

export const DEFAULT_KEY = "m.secret_storage.default_key";
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

/** For one test: some requests, or all of them in a soak. */
export const patience = sample(300_000, 3_600_000);

/** An account with a Secure Backup that another client has set up, unlocked here, all room keys in the backup. */
export class Scene {
  readonly #securityKeys = new Set<string>();
  #securityKey!: string;
  readonly accountId: AccountId;
  readonly user: TestUser;
  readonly onServer: AccountDataOnServer;
  readonly #synapse: Synapse;
  #rooms: Services;
  #rig: SecureBackupRig;
  readonly #data: StewardData;
  readonly #other: SdkSession;

  private constructor(parts: {
    synapse: Synapse;
    user: TestUser;
    other: SdkSession;
    data: StewardData;
    services: Services;
    rig: SecureBackupRig;
    accountId: AccountId;
    securityKey: string;
  }) {
    this.user = parts.user;
    this.accountId = parts.accountId;
    this.securityKey = parts.securityKey;
    this.onServer = new AccountDataOnServer(parts.synapse, parts.other.tokens);
    this.#synapse = parts.synapse;
    this.#rooms = parts.services;
    this.#rig = parts.rig;
    this.#data = parts.data;
    this.#other = parts.other;
  }

  get securityKey(): string {
    return this.#securityKey;
  }

  set securityKey(key: string) {
    this.#securityKey = key;
    this.#securityKeys.add(key);
  }

  static async create({ synapse, proxy }: Servers): Promise<Scene> {
    const { user, data, services, rig } = await openForNewUser(synapse);
    const { other, securityKey } = await setUpElsewhere(synapse, user, THEIRS);
    // It would mend, or spoil, what is broken here.
    other.stop();
    const accountId = await signInTo(services, user, proxy.baseUrl);
    await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) });
    await services.health.refresh(accountId);
    await services.sessions.session(accountId).use(async (client) => {
      const keys = JSON.stringify(makeRoomKeys(OURS));
      (await cryptoMachineOf(client).importExportedRoomKeys(keys, () => undefined)).free();
    });
    await uploadNow(services, accountId);
    return new Scene({ synapse, user, other, data, services, rig, accountId, securityKey });
  }

  /** Ends the session and begins it again, as the app does when it is started; resolves when that is in sync. */
  async restart(): Promise<void> {
    const session = this.#rooms.sessions.session(this.accountId);
    await session.stop();
    await session.start();
    expect(session.snapshot).toMatchObject({ status: "running" });
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

  repair(newBackup = true) {
    return this.service.repair({ accountId: this.accountId, keyOrPhrase: secretOf("Security Key", this.securityKey), newBackup });
  }

  /** Does the work here. */
  work(work: InterruptibleWork): Promise<SecureBackupState> {
    const { accountId } = this;
    return work.kind === "repair" ? this.repair(work.newBackup) : this.service.turnOff({ accountId });
  }

  /**
   * Does the work in another process on the same data, which is killed at a request; then starts again from what that
   * left. Answers whether it came to the request.
   */
  async kill(proxy: FaultProxy, work: InterruptibleWork, at: KillPoint): Promise<boolean> {
    const { securityKey } = this;
    const scene = { data: this.#data, accountId: this.accountId, user: this.user };
    const task: KillableWork = work.kind === "repair" ? { ...work, securityKey } : work;
    const { reached } = await killDuring(scene, task, () => proxy.hold(at));
    this.#rooms = await this.#data.open();
    await this.#rooms.sessions.restoreAll();
    this.#rig = openForPerson(this.#rooms, this.user);
    return reached;
  }

  async setUp(): Promise<void> {
    const { securityKey, setUp } = await setUpWithKey(this.#rig, this.accountId);
    expect(setUp).toMatchObject({ phase: "checked" });
    this.securityKey = securityKey;
  }

  /** Does something with the client of the session that is here. */
  use<T>(work: (client: MatrixClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#rooms.sessions.session(this.accountId).use(work);
  }

  /**
   * Everything on the server, read with every Security Key that there was; by what this session holds as well where the
   * work is to keep it nowhere else.
   */
  keys({ kind }: InterruptibleWork): Promise<KeysOnServer> {
    const ask: Scene["ask"] = (...request) => this.ask(...request);
    const keys = [...this.#securityKeys].map((key) => parseSecurityKey(secretOf("Security Key", key)));
    if (kind === "repair") return readKeysOnServer(ask, this.user.userId, keys);
    return this.use((client) => readKeysOnServer(ask, this.user.userId, keys, client));
  }

  /** Stores copies of secrets that nothing here opens. */
  async storeUnopenable(): Promise<void> {
    for (const name of ["m.cross_signing.user_signing", "m.megolm_backup.v1"] as const) {
      await storeUnopenable((...request) => this.ask(...request), this.user.userId, name);
    }
  }

  /** The key of a backup that is stored under the Security Key. */
  async storedBackupKey(): Promise<string | null> {
    const { key: keyId } = await this.onServer.readIfAny(DEFAULT_KEY);
    const copy = new StoredSecret(await this.onServer.readIfAny("m.megolm_backup.v1")).copyFor(keyId);
    const opened = copy && (await decryptSecret(copy, parseSecurityKey(secretOf("Security Key", this.securityKey)), "m.megolm_backup.v1"));
    return opened && opened.reveal();
  }

  /** Asks the server past the proxy; null when it has no such thing. */
  async ask(method: "GET" | "PUT" | "DELETE" | "POST", path: string, body?: unknown) {
    const token = this.#other.tokens.accessToken;
    const answer = await matrixCall(this.#synapse.baseUrl, { method, path, token, body });
    if (answer.status === 404) return null;
    expect(answer.status, path).toBe(200);
    return answer.body;
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
    const { key: keyId } = await this.onServer.readIfAny(DEFAULT_KEY);
    if (keyId === undefined) return [];
    const key = parseSecurityKey(secretOf("Security Key", this.securityKey));
    const { userId } = this.user;
    const keys = await this.ask("POST", "/_matrix/client/v3/keys/query", { device_keys: { [userId]: [] } });
    const stored = await Promise.all(SecretName.options.map((name) => this.onServer.readIfAny(name)));
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

/** Work that has no set-up to be continued: it is finished by doing it again. */
export type InterruptibleWork = { kind: "repair"; newBackup: boolean } | { kind: "turn_off" };

type Rule = Omit<FaultRule, "fault"> & { when: "before" | "after"; fault?: Fault };

/** Does the same work again and again, each time with one of its requests failing, and sees what it leaves behind. */
export interface Interruption {
  work: InterruptibleWork;
  /** Requests after which most is at stake: each changes what other clients find. */
  decisive: Rule[];
  /** Those of them at which the app is killed besides. */
  deadly: KillPoint[];
  prepare: (scene: Scene) => Promise<void>;
  /** Looks at what it has come to when a request has failed, or the app was killed. */
  stopped: (scene: Scene, before: string[], turn: number) => Promise<void>;
  finished: (scene: Scene, before: string[], state: SecureBackupState) => Promise<void>;
  /** What a client that was never here before can open in the end. */
  atLast: (scene: Scene) => Promise<void>;
}

/** Interrupts the work by a server that fails and by SIGKILL. */
export async function interrupt(servers: Servers, interruption: Interruption): Promise<void> {
  const { decisive, deadly, prepare, work, finished, atLast } = interruption;
  const { proxy } = servers;
  const scene = await Scene.create(servers);
  try {
    await prepare(scene);
    const before = await scene.opened();
    proxy.clearRecord();
    const state = await scene.work(work);
    const made = proxy.requests({ path: NOT_SYNC });
    await finished(scene, before, state);
    for (const match of decisive) {
      expect(
        made.some((request) => matches(match, request)),
        `${match.method} ${match.path}`,
      ).toBe(true);
    }
    const sides = ["before", "after"] as const;
    const all = made.flatMap((_, skip) => sides.map((when) => ({ path: NOT_SYNC, skip, when })));
    await failAt(proxy, scene, interruption, sample(decisive, all));
    await atLast(scene);
    const everywhere = all.map(({ skip, ...point }) => ({ ...point, nth: skip + 1 }));
    await killAt(proxy, scene, interruption, sample(deadly, everywhere));
  } finally {
    proxy.clear();
    await scene.end();
  }
}

async function failAt(
  proxy: FaultProxy,
  scene: Scene,
  { prepare, work, stopped, finished }: Interruption,
  rules: readonly Rule[],
): Promise<void> {
  let times = 0;
  for (const [turn, rule] of rules.entries()) {
    const fault = rule.fault ?? FAULTS[rule.when][turn % FAULTS[rule.when].length]!;
    const what = `${rule.method ?? "any"} ${rule.path} ${rule.skip ?? 0}, ${fault.kind} ${rule.when}`;
    await saying(what, async () => {
      await prepare(scene);
      await scene.storeUnopenable();
      const [before, keys] = [await scene.opened(), await scene.keys(work)];
      const faulty = proxy.addRule({ ...rule, fault });
      const thrown = await scene.work(work).then(
        () => null,
        (error: unknown) => error,
      );
      faulty.remove();
      if (!soak) expect(faulty.met).toBe(1);
      expectNothingGone(keys, await scene.keys(work), "when it was interrupted");
      if (thrown !== null) {
        times += 1;
        expect(thrown).toBeInstanceOf(AppFailure);
        expect((thrown as AppFailure).error.kind).toMatch(/^(?:network|server|gateway_error|bad_answer)$/);
        await stopped(scene, before, turn);
      }
      await finished(scene, before, await scene.work(work));
      expectNothingGone(keys, await scene.keys(work), "when it was finished");
    });
  }
  tell(work, "failing requests", rules.length, times);
  // An answer that is cut short stops nothing where nothing is read in it.
  expect(times).toBeGreaterThan(sample(rules.length / 2, 0));
}

async function killAt(
  proxy: FaultProxy,
  scene: Scene,
  { prepare, work, stopped, finished, atLast }: Interruption,
  points: readonly KillPoint[],
): Promise<void> {
  let times = 0;
  for (const [turn, at] of points.entries()) {
    await saying(`killed ${at.when} ${at.method ?? "any"} ${at.path} ${at.nth}`, async () => {
      await prepare(scene);
      await scene.storeUnopenable();
      const [before, keys] = [await scene.opened(), await scene.keys(work)];
      const reached = await scene.kill(proxy, work, at);
      if (reached) times += 1;
      if (!soak) expect(reached).toBe(true);
      expectNothingGone(keys, await scene.keys(work), "when it was killed");
      await stopped(scene, before, turn);
      await finished(scene, before, await scene.work(work));
      expectNothingGone(keys, await scene.keys(work), "when it was finished");
      await atLast(scene);
    });
  }
  tell(work, "kills", points.length, times);
}

/** Says in a soak what it has done. */
function tell({ kind }: InterruptibleWork, how: string, tried: number, stopped: number): void {
  if (soak) process.stdout.write(`${kind}: ${tried} ${how}, ${stopped} of them stopped it\n`);
}

async function saying(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(what, { cause: error });
  }
}
