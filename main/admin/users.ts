import type { Handlers } from "../../shared/contract/index.ts";
import type { User, UserPage } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import type { AdminApi } from "./adminApi.ts";
import { changeUser } from "./changeUser.ts";
import { type ChangedContacts, changeExternalIds, changeThreepids } from "./userContacts.ts";
import { type DeviceAnswer, listUserDevices, renameUserDevice, signOutUserDevices } from "./userDevices.ts";
import { ssoProvidersOf } from "./ssoProviders.ts";
import { type KnownOfServer, listUserIds, listUsers, userAsListed } from "./userList.ts";
import { type RoomAnswer, listUserRooms } from "./userRooms.ts";

export interface UsersParts {
  apiOf: (accountId: AccountId) => AdminApi;
  index: AccountIndex;
}

type Requests = Handlers["users"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** What an admin sees of the users of a server, and changes of one. Everything throws as `AdminApi` does. */
export class UsersService implements Requests {
  readonly #parts: UsersParts;
  /** Of each account's server: they change with its configuration alone. */
  readonly #providers = new Map<AccountId, readonly string[]>();

  constructor(parts: UsersParts) {
    this.#parts = parts;
  }

  list({ accountId, filter, from }: Input<"list">): Promise<UserPage> {
    return listUsers(this.#parts.apiOf(accountId), filter, this.#known(accountId), from);
  }

  async ids({ accountId, filter }: Input<"ids">): Promise<{ userIds: string[] }> {
    return { userIds: await listUserIds(this.#parts.apiOf(accountId), filter, this.#known(accountId)) };
  }

  hidden({ accountId }: Input<"hidden">): { patterns: string[] } {
    return { patterns: this.#hidden(accountId) };
  }

  async setHidden({ accountId, patterns }: Input<"setHidden">): Promise<{ patterns: string[] }> {
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, hiddenUsers: [...new Set(patterns)] }));
    return this.hidden({ accountId });
  }

  get({ accountId, userId }: Input<"get">): Promise<User> {
    return userAsListed(this.#parts.apiOf(accountId), userId);
  }

  change({ accountId, userId, changes, seen }: Input<"change">): Promise<User> {
    return changeUser(this.#parts.apiOf(accountId), userId, changes, seen);
  }

  addThreepid({ accountId, userId, threepid, seen }: Input<"addThreepid">): Promise<ChangedContacts> {
    return changeThreepids(this.#parts.apiOf(accountId), userId, { add: threepid }, seen);
  }

  removeThreepid({ accountId, userId, threepid, seen }: Input<"removeThreepid">): Promise<ChangedContacts> {
    return changeThreepids(this.#parts.apiOf(accountId), userId, { remove: threepid }, seen);
  }

  addExternalId({ accountId, userId, externalId, seen }: Input<"addExternalId">): Promise<ChangedContacts> {
    return changeExternalIds(this.#parts.apiOf(accountId), userId, { add: externalId }, seen);
  }

  removeExternalId({ accountId, userId, externalId, seen }: Input<"removeExternalId">): Promise<ChangedContacts> {
    return changeExternalIds(this.#parts.apiOf(accountId), userId, { remove: externalId }, seen);
  }

  devices({ accountId, userId }: Input<"devices">): Promise<DeviceAnswer> {
    return listUserDevices(this.#parts.apiOf(accountId), userId);
  }

  renameDevice({ accountId, userId, deviceId, name }: Input<"renameDevice">): Promise<DeviceAnswer> {
    return renameUserDevice(this.#parts.apiOf(accountId), userId, deviceId, name);
  }

  signOutDevices({ accountId, userId, deviceIds }: Input<"signOutDevices">): Promise<DeviceAnswer> {
    return signOutUserDevices(this.#parts.apiOf(accountId), userId, deviceIds);
  }

  rooms({ accountId, userId }: Input<"rooms">): Promise<RoomAnswer> {
    return listUserRooms(this.#parts.apiOf(accountId), userId);
  }

  #known(accountId: AccountId): KnownOfServer {
    return {
      hidden: this.#hidden(accountId),
      providers: async () => {
        const known = this.#providers.get(accountId) ?? (await ssoProvidersOf(this.#parts.apiOf(accountId)));
        if (known !== null) this.#providers.set(accountId, known);
        return known ?? [];
      },
    };
  }

  #hidden(accountId: AccountId): string[] {
    return this.#parts.index.get(accountId)?.hiddenUsers ?? [];
  }
}
