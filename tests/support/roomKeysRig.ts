import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Services } from "../../main/services.ts";
import type { Job } from "../../shared/contract/jobs.ts";
import type { AccountId } from "../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "./faultProxy.ts";
import { readKeyFile, writeKeyFile } from "./keyFiles.ts";
import type { RoomKey } from "../../main/roomKeys/roomKey.ts";
import { type SdkSession, startSdkSession } from "./sdkSession.ts";
import { secretOf } from "./secretValues.ts";
import { signInTo } from "./secureBackupRig.ts";
import { StewardData } from "./stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "./synapse.ts";
import { waitUntil } from "./waitUntil.ts";

const PASSPHRASE = "quarrel lantern osprey velvet 1837";

/** A user with a Secure Backup, signed in with another client and here. */
export interface RoomKeysAccount {
  accountId: AccountId;
  other: SdkSession;
  user: TestUser;
  securityKey: string;
}

/** A real Synapse behind a proxy, main's rooms, a key file, and accounts whose Secure Backup another client has set up. */
export class RoomKeysRig {
  readonly synapse: Synapse;
  readonly proxy: FaultProxy;
  readonly data: StewardData;
  services: Services;
  readonly #folder: string;
  readonly #others: SdkSession[] = [];
  #users = 0;

  private constructor(parts: { synapse: Synapse; proxy: FaultProxy; data: StewardData; services: Services; folder: string }) {
    ({ synapse: this.synapse, proxy: this.proxy, data: this.data, services: this.services, folder: this.#folder } = parts);
  }

  static async open(): Promise<RoomKeysRig> {
    const synapse = await startSynapse();
    const proxy = await startFaultProxy(synapse.baseUrl);
    const data = await StewardData.create();
    const folder = await mkdtemp(join(tmpdir(), "steward-room-keys-"));
    data.keyFile = join(folder, "keys.txt");
    return new RoomKeysRig({ synapse, proxy, data, services: await data.open(), folder });
  }

  async close(): Promise<void> {
    for (const other of this.#others) other.stop();
    await this.data.destroy();
    await this.proxy.stop();
    await this.synapse.stop();
    await rm(this.#folder, { recursive: true });
  }

  /** Ends the app, does something while it is closed, and starts it again; resolves when all accounts were told to start. */
  async restart(whileClosed: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.data.close();
    await whileClosed();
    this.services = await this.data.open();
    await this.services.sessions.restoreAll();
  }

  async account(): Promise<RoomKeysAccount> {
    this.#users += 1;
    const user = await this.synapse.register({ user: `person${this.#users}`, password: `password of ${this.#users}` });
    const other = await this.client(user);
    const securityKey = await other.setUpSecureBackup();
    const accountId = await signInTo(this.services, user, this.proxy.baseUrl);
    await this.services.secureBackup.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) });
    return { accountId, other, user, securityKey };
  }

  /** Signs a user in with another client. */
  async client(user: TestUser): Promise<SdkSession> {
    const client = await startSdkSession({ baseUrl: this.synapse.baseUrl, ...user });
    this.#others.push(client);
    return client;
  }

  async ended(job: Job): Promise<Job> {
    return await waitUntil(() => this.services.jobs.list().find(({ jobId, status }) => jobId === job.jobId && status !== "running"), {
      what: `the end of ${job.kind}`,
      timeoutMs: 60_000,
    });
  }

  /** Imports a key file with these entries. */
  async import(accountId: AccountId, entries: readonly unknown[]): Promise<Job> {
    await writeKeyFile(this.data.keyFile!, PASSPHRASE, entries);
    await this.services.roomKeys.chooseFile({ accountId });
    return await this.ended(this.services.roomKeys.import({ accountId, passphrase: secretOf("passphrase", PASSPHRASE) }).job);
  }

  /** Exports all room keys, and answers them with the Job. */
  async export(accountId: AccountId): Promise<{ job: Job; keys: RoomKey[] }> {
    const { job } = await this.services.roomKeys.export({ accountId, passphrase: secretOf("passphrase", PASSPHRASE), roomIds: null });
    return { job: await this.ended(job!), keys: await readKeyFile(this.data.keyFile!, PASSPHRASE) };
  }

  async backupVersion({ tokens }: SdkSession): Promise<{ version: string; count: number; etag: string }> {
    return (await this.synapse.call({ path: "/_matrix/client/v3/room_keys/version", token: tokens.accessToken })) as never;
  }

  /** Reads, writes or deletes entries of the backup as another client does. */
  async keys({ tokens }: SdkSession, method: "GET" | "PUT" | "DELETE", ids: string[] = [], body?: object): Promise<unknown> {
    const { version } = await this.backupVersion({ tokens } as SdkSession);
    const path = ["/_matrix/client/v3/room_keys/keys", ...ids.map(encodeURIComponent)].join("/");
    return await this.synapse.call({ method, path: `${path}?version=${version}`, token: tokens.accessToken, ...(body && { body }) });
  }
}
