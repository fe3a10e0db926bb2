import { matrixOk } from "../matrixApi.ts";

/** The secret that Synapse and the authorization server know each other by. */
export const sharedSecret = "tests-only-authorization-server-secret";

/** What the authorization server tells the homeserver, over `/_synapse/mas/`. */
export class HomeserverLink {
  readonly #baseUrl: string;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** Makes a user, or leaves the one that is there. */
  async provisionUser(localpart: string, displayName = localpart): Promise<void> {
    await this.#tell("provision_user", { localpart, set_displayname: displayName });
  }

  /** Says which email addresses a user has: all of them. */
  async setEmails(localpart: string, emails: readonly string[]): Promise<void> {
    await this.#tell("provision_user", { localpart, set_emails: emails });
  }

  /** Makes a device, or names the one that is there. */
  async upsertDevice(localpart: string, deviceId: string, name: string): Promise<void> {
    await this.#tell("upsert_device", { localpart, device_id: deviceId, display_name: name });
  }

  /** Removes a device with its keys. */
  async deleteDevice(localpart: string, deviceId: string): Promise<void> {
    await this.#tell("delete_device", { localpart, device_id: deviceId });
  }

  /** Lets a user replace their cross-signing keys for the next ten minutes. */
  async allowCrossSigningReset(localpart: string): Promise<void> {
    await this.#tell("allow_cross_signing_reset", { localpart });
  }

  /** Deactivates a user. */
  async deleteUser(localpart: string, erase: boolean): Promise<void> {
    await this.#tell("delete_user", { localpart, erase });
  }

  /** Makes a deactivated user active again. */
  async reactivateUser(localpart: string): Promise<void> {
    await this.#tell("reactivate_user", { localpart });
  }

  async #tell(what: string, body: object): Promise<void> {
    await matrixOk(this.#baseUrl, { method: "POST", path: `/_synapse/mas/${what}`, token: sharedSecret, body });
  }
}
