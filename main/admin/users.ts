import type { Handlers } from "../../shared/contract/index.ts";
import type { ListedDevice, User, UserPage, UserRow } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import type { ActionLog } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { changesOfUser } from "./changesOfUser.ts";
import type { MasApi } from "./mas/masApi.ts";
import { asServiceHas, knownToService } from "./mas/masUser.ts";
import { changeUser } from "./changeUser.ts";
import { type ChangedContacts, changeExternalIds, changeThreepids } from "./userContacts.ts";
import { type DeviceAnswer, listUserDevices, renameUserDevice, signOutUserDevices } from "./userDevices.ts";
import { ssoProvidersOf } from "./ssoProviders.ts";
import { type KnownOfServer, listAllUsers, listUsers, userAsListed } from "./userList.ts";
import { type RoomAnswer, listUserRooms } from "./userRooms.ts";

export interface UsersParts {
  apiOf: (accountId: AccountId) => AdminApi;
  /** The admin API of the service that looks after the server's accounts, where it lets the account use it; null elsewhere. */
  serviceOf: (accountId: AccountId) => Promise<MasApi | null>;
  index: AccountIndex;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["users"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

interface ListedDevices {
  devices: ListedDevice[];
}

/** What an admin sees of the users of a server, and changes of one. Everything throws as `AdminApi` does. */
export class UsersService implements Requests {
  readonly #parts: UsersParts;
  /** Of each account's server: they change with its configuration alone. */
  readonly #providers = new Map<AccountId, readonly string[]>();

  constructor(parts: UsersParts) {
    this.#parts = parts;
  }

  list({ accountId, filter, from }: Input<"list">): Promise<UserPage> {
    return listUsers(this.#parts.apiOf(accountId), filter, this.knownOf(accountId), from);
  }

  async ids({ accountId, filter }: Input<"ids">): Promise<{ userIds: string[] }> {
    const rows = await listAllUsers(this.#parts.apiOf(accountId), filter, this.knownOf(accountId));
    return { userIds: rows.map(({ userId }) => userId) };
  }

  async rows({ accountId, filter, userIds }: Input<"rows">): Promise<{ rows: UserRow[] }> {
    const wanted = new Set(userIds);
    const rows = await listAllUsers(this.#parts.apiOf(accountId), filter, this.knownOf(accountId));
    return { rows: rows.filter(({ userId }) => wanted.has(userId)) };
  }

  hidden({ accountId }: Input<"hidden">): { patterns: string[] } {
    return { patterns: this.#hidden(accountId) };
  }

  async setHidden({ accountId, patterns }: Input<"setHidden">): Promise<{ patterns: string[] }> {
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, hiddenUsers: [...new Set(patterns)] }));
    return this.hidden({ accountId });
  }

  /** Where a service looks after the user, what it says counts, as long as it can be asked. */
  async get({ accountId, userId }: Input<"get">): Promise<User> {
    const { apiOf, serviceOf } = this.#parts;
    const [user, masUser] = await Promise.all([
      userAsListed(apiOf(accountId), userId),
      serviceOf(accountId)
        .then((service) => knownToService(service, userId))
        .catch(() => null),
    ]);
    return masUser === null ? user : asServiceHas(user, masUser);
  }

  async change({ accountId, userId, changes, seen }: Input<"change">): Promise<User> {
    const detail = Object.keys(changes).join(", ");
    return (await this.#change(accountId, userId, "change_user", (api, service) => changeUser(api, userId, changes, seen, service), detail))
      .user;
  }

  addThreepid({ accountId, userId, threepid, seen }: Input<"addThreepid">): Promise<ChangedContacts> {
    return this.#change(accountId, userId, "add_contact", (api, service) => changeThreepids(api, userId, { add: threepid }, seen, service));
  }

  removeThreepid({ accountId, userId, threepid, seen }: Input<"removeThreepid">): Promise<ChangedContacts> {
    return this.#change(accountId, userId, "remove_contact", (api, service) =>
      changeThreepids(api, userId, { remove: threepid }, seen, service),
    );
  }

  addExternalId({ accountId, userId, externalId, seen }: Input<"addExternalId">): Promise<ChangedContacts> {
    return this.#change(accountId, userId, "add_contact", (api) => changeExternalIds(api, userId, { add: externalId }, seen));
  }

  removeExternalId({ accountId, userId, externalId, seen }: Input<"removeExternalId">): Promise<ChangedContacts> {
    return this.#change(accountId, userId, "remove_contact", (api) => changeExternalIds(api, userId, { remove: externalId }, seen));
  }

  async devices({ accountId, userId }: Input<"devices">): Promise<ListedDevices> {
    return this.#listed(userId, await listUserDevices(this.#parts.apiOf(accountId), userId));
  }

  async renameDevice({ accountId, userId, deviceId, name }: Input<"renameDevice">): Promise<ListedDevices> {
    const rename = (api: AdminApi): Promise<DeviceAnswer> => renameUserDevice(api, userId, deviceId, name);
    return this.#listed(userId, await this.#record(accountId, userId, "rename_session", rename));
  }

  /** Sessions of this app are left alone: an admin would lose the account that they work with, or another, by accident. */
  async signOutDevices({ accountId, userId, deviceIds }: Input<"signOutDevices">): Promise<ListedDevices> {
    const own = this.#ownDevices(userId);
    const leaving = deviceIds.filter((deviceId) => !own.has(deviceId));
    if (leaving.length === 0) return this.devices({ accountId, userId });
    const signOut = (api: AdminApi, service: MasApi | null): Promise<DeviceAnswer> => signOutUserDevices(api, userId, leaving, { service });
    return this.#listed(userId, await this.#record(accountId, userId, "sign_out_sessions", signOut));
  }

  rooms({ accountId, userId }: Input<"rooms">): Promise<RoomAnswer> {
    return listUserRooms(this.#parts.apiOf(accountId), userId);
  }

  /** What the list of an account's server goes by, besides its filter. */
  knownOf(accountId: AccountId): KnownOfServer {
    return {
      hidden: this.#hidden(accountId),
      providers: async (ask) => {
        const known = this.#providers.get(accountId) ?? (await ask(ssoProvidersOf).catch(() => null));
        if (known !== null) this.#providers.set(accountId, known);
        return known ?? [];
      },
    };
  }

  #ownDevices(userId: string): ReadonlySet<string> {
    return new Set(this.#parts.index.list().flatMap((entry) => (entry.userId === userId ? [entry.deviceId] : [])));
  }

  #listed(userId: string, { devices }: DeviceAnswer): ListedDevices {
    const own = this.#ownDevices(userId);
    return { devices: devices.map((device) => ({ ...device, own: own.has(device.deviceId) })) };
  }

  /** Changes a user, and writes down what was before and what is now, and what of them it was about. */
  #change<T extends { before: User; user: User }>(
    accountId: AccountId,
    userId: string,
    action: string,
    perform: (api: AdminApi, service: MasApi | null) => Promise<T>,
    detail: string | null = null,
  ): Promise<T> {
    const { apiOf, serviceOf, log } = this.#parts;
    const api = apiOf(accountId);
    const send = async (): Promise<T> => perform(api, await serviceOf(accountId));
    const resultOf = ({ before, user }: T) => ({ result: "done" as const, detail, changes: changesOfUser(before, user) });
    return log.record({ actor: api.userId, target: userId, action }, send, resultOf);
  }

  /** Does something else to a user that is written down. */
  #record<T>(
    accountId: AccountId,
    userId: string,
    action: string,
    perform: (api: AdminApi, service: MasApi | null) => Promise<T>,
  ): Promise<T> {
    const { apiOf, serviceOf, log } = this.#parts;
    const api = apiOf(accountId);
    const send = async (): Promise<T> => perform(api, await serviceOf(accountId));
    return log.record({ actor: api.userId, target: userId, action }, send);
  }

  #hidden(accountId: AccountId): string[] {
    return this.#parts.index.get(accountId)?.hiddenUsers ?? [];
  }
}
