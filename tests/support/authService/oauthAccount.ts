import type { Services, ServicesOptions } from "../../../main/services.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Fault } from "../faultProxy.ts";
import { StewardData } from "../stewardServices.ts";
import { waitUntil } from "../waitUntil.ts";
import type { AuthUser } from "./authService.ts";
import { FormClient } from "./formClient.ts";
import type { AuthServers } from "./authServers.ts";

export const TOKEN = { method: "POST", path: /^\/oauth2\/token$/ };
export const WHOAMI = { path: /\/account\/whoami$/ };
/** Until they are there, a device that is removed may come back with them. */
const KEYS = { method: "POST", path: /\/keys\/upload$/ };
/** What a homeserver says of a token whose time is up, and of one that was revoked. */
export const NOT_ACTIVE: Fault = {
  kind: "answer",
  status: 401,
  body: { errcode: "M_UNKNOWN_TOKEN", error: "Token is not active", soft_logout: false },
};

type Options = Partial<Pick<ServicesOptions, "fetch" | "keeperTimes" | "linkTimes">>;
let people = 0;

/** A Steward with one account of the tests' authorization server. */
export class OauthAccount {
  /** Those of the last `open`. */
  services!: Services;
  accountId!: AccountId;
  readonly data: StewardData;
  readonly user: AuthUser;
  readonly #servers: AuthServers;
  readonly #options: Options;

  private constructor(servers: AuthServers, data: StewardData, user: AuthUser, options: Options) {
    this.#servers = servers;
    this.data = data;
    this.user = user;
    this.#options = options;
  }

  /** Makes somebody and signs them in through the pages, as the person does. The record of the requests begins after that. */
  static async signIn(servers: AuthServers, options: Options): Promise<OauthAccount> {
    const user = await servers.auth.addUser({ localpart: `account${(people += 1)}`, password: "a password" });
    const account = new OauthAccount(servers, await StewardData.create(), user, options);
    servers.proxy.clearRecord();
    await account.open();
    account.accountId = await account.#signIn(null);
    await waitUntil(() => servers.proxy.requests(KEYS).some(({ status }) => status === 200), {
      what: "the device's keys to be there",
      timeoutMs: 60_000,
    });
    servers.auth.faults.clearRecord();
    return account;
  }

  async open(): Promise<void> {
    this.services = await this.data.open(this.#options);
  }

  get userId(): string {
    return `@${this.user.localpart}:oauth.test`;
  }

  status(): string {
    return this.services.sessions.account(this.accountId).session.status;
  }

  problem(): AppError | null {
    return this.services.sessions.account(this.accountId).session.error;
  }

  /** Whose token it is, as the homeserver says. */
  ask(): Promise<string> {
    return this.services.sessions.session(this.accountId).use(async (client) => (await client.whoami()).user_id);
  }

  async secrets(): Promise<AccountSecrets> {
    const read = await this.services.secretStore.read(this.accountId);
    if (read.kind !== "found") throw new Error(`the secrets are ${read.kind}`);
    return read.secrets;
  }

  /** Closes what is open. At the next start the time of the access token is up, as after a night. */
  async closeWithExpiredToken(): Promise<void> {
    await this.services.sessions.session(this.accountId).stop();
    await this.expireToken();
    await this.data.close();
  }

  /** Has the vault say that the time of the access token is up. */
  async expireToken(): Promise<void> {
    const expired = (oauth: string): string => JSON.stringify({ ...(JSON.parse(oauth) as object), expiresAt: 1 });
    await this.services.secretStore.update(this.accountId, (now) => ({ ...now, oauth: expired(now.oauth!) }));
  }

  async signInAgain(): Promise<void> {
    await this.#signIn(this.accountId);
  }

  async #signIn(again: AccountId | null): Promise<AccountId> {
    const { browserSignIns, sessions } = this.services;
    const { signInId } = await browserSignIns.startOauth({
      serverName: null,
      baseUrl: this.#servers.proxy.baseUrl,
      localpart: null,
      create: false,
      accountId: again,
      acceptInsecureHttp: true,
    });
    // Where the server has the device still, the person is asked once more.
    for (let asked = this.data.opened.length; ; asked += 1) {
      const { url } = await new FormClient().signIn(this.data.opened[asked - 1]!, this.user);
      await fetch(url);
      const end = await waitUntil(() => this.data.signInEnd(signInId) ?? (this.data.opened.length > asked ? "again" : undefined), {
        what: "the sign-in to end",
        timeoutMs: 60_000,
      });
      if (end === "again") continue;
      if (end.status !== "done") throw new Error(JSON.stringify(end));
      await waitUntil(() => sessions.account(end.accountId).session.status === "running", {
        what: "the account to run",
        timeoutMs: 60_000,
      });
      return end.accountId;
    }
  }
}
