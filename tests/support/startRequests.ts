import type { Services } from "../../main/services.ts";
import type { AccountId } from "../../shared/ids.ts";
import { type FaultProxy, type RecordedRequest, startFaultProxy } from "./faultProxy.ts";
import { login, matrixOk } from "./matrixApi.ts";
import { openSecureBackup, setUpWithKey, signInTo } from "./secureBackupRig.ts";
import { StewardData } from "./stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "./synapse.ts";
import { waitUntil } from "./waitUntil.ts";

const KEYS_UPLOAD = { method: "POST", path: /\/keys\/upload/ } as const;
/** Whatever the app does by itself, without a timer, it has begun to ask for when so many others have been answered. */
const QUESTIONS_BESIDES = 5;
/** The sync that waits at the server for news. */
const isWaiting = ({ path }: RecordedRequest): boolean => path.includes("/sync?") && path.includes("since=");

/** One account with a Secure Backup, signed in through a proxy that sees what it asks. */
export class StartRequests {
  readonly proxy: FaultProxy;
  readonly user: TestUser;
  readonly accountId: AccountId;
  readonly #synapse: Synapse;
  readonly #data: StewardData;
  /** Of another session of the account. */
  readonly otherToken: string;

  private constructor(
    { synapse, proxy, data }: { synapse: Synapse; proxy: FaultProxy; data: StewardData },
    user: TestUser,
    accountId: AccountId,
    otherToken: string,
  ) {
    [this.#synapse, this.proxy, this.#data] = [synapse, proxy, data];
    [this.user, this.accountId, this.otherToken] = [user, accountId, otherToken];
  }

  /** Starts the homeserver and makes the account; it is closed afterwards, with everything uploaded. */
  static async open(): Promise<StartRequests> {
    const synapse = await startSynapse();
    const proxy = await startFaultProxy(synapse.baseUrl);
    const data = await StewardData.create();
    const user = await synapse.register({ user: "alice", password: "a password" });
    const services = await data.open();
    const accountId = await signInTo(services, user, proxy.baseUrl);
    await setUpWithKey(openSecureBackup(services), accountId);
    await waitUntil(() => proxy.requests(KEYS_UPLOAD).some(({ status }) => status === 200), { what: "the one-time keys on the server" });
    await data.close();
    const { accessToken } = await login(synapse.baseUrl, user.user, user.password);
    return new StartRequests({ synapse, proxy, data }, user, accountId, accessToken);
  }

  /** Starts the account again. */
  async start(): Promise<Services> {
    this.proxy.clearRecord();
    const services = await this.#data.open();
    await services.sessions.restoreAll();
    return services;
  }

  /**
   * What was asked since the record was cleared, when the account's health is newer than `since`, nothing is under way but
   * the sync that waits, and nothing more is asked while the server answers several questions besides.
   */
  async whenAtRest(services: Services, since: number): Promise<RecordedRequest[]> {
    return waitUntil(
      async () => {
        const known = (services.sessions.account(this.accountId).health?.checkedAt ?? 0) >= since;
        const asked = [...this.proxy.record];
        const open = asked.filter(({ status }) => status === null);
        if (!known || open.length !== 1 || !open.every(isWaiting)) return null;
        for (let count = 0; count < QUESTIONS_BESIDES; count += 1) await this.#askBesides();
        return this.proxy.record.length === asked.length && open[0]!.status === null && asked;
      },
      { what: "the health of the account" },
    );
  }

  /** Asks the homeserver something, past the proxy, that takes it as long as what the app asks. */
  async #askBesides(): Promise<void> {
    const body = { device_keys: { [this.user.userId]: [] } };
    await matrixOk(this.#synapse.baseUrl, { path: "/_matrix/client/v3/keys/query", token: this.otherToken, body });
  }

  /** Closes the app. */
  async close(): Promise<void> {
    await this.#data.close();
  }

  /** Writes account data as another client does. */
  async changeBesides(type: string, content: object): Promise<void> {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(this.user.userId)}/account_data/${type}`;
    await matrixOk(this.#synapse.baseUrl, { method: "PUT", path, token: this.otherToken, body: content });
  }

  async destroy(): Promise<void> {
    await this.#data.destroy();
    await this.proxy.stop();
    await this.#synapse.stop();
  }
}

/** What a request asks for, without the parts that differ from run to run. */
export function askedFor({ method, path }: RecordedRequest): string {
  const [asked = "", query = ""] = path.split("?");
  const waits = isWaiting({ path } as RecordedRequest) ? " and waits" : "";
  return `${method} ${asked.replace(/\/%40[^/]*$/, "/<user>")}${query.includes("filter=") ? ` with a filter${waits}` : ""}`;
}
