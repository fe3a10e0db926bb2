import { randomBytes } from "node:crypto";
import * as z from "zod";
import { PhoneNumber } from "../../shared/contract/phoneNumber.ts";
import { DeviceId, UserId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";

/** What is kept, sealed, of an account that is being created. The password is not: it stays in memory. */
export const RegistrationRecord = z.object({
  kind: z.literal("registration"),
  serverName: z.string().nullable(),
  baseUrl: z.string(),
  username: z.string(),
  email: z.string().nullable(),
  /** Of the session that will come of it: so a repeated request gives the same one again. */
  deviceId: DeviceId,
  /** The secret that proves that a validated email address is ours (Client-Server API, `client_secret`). */
  clientSecret: z.string(),
  /** The mail that was asked for last: how many there were, for any address, and how the server calls the validation. */
  mail: z.object({ address: z.string(), attempt: z.number().int(), sid: z.string().nullable() }).nullable(),
  /** A number that is to be proven. Records of earlier versions have none of it. */
  phone: PhoneNumber.nullable().default(null),
  /** The code that was asked for last, as with `mail`; `verified`: the code was right. */
  code: z
    .object({
      for: PhoneNumber,
      attempt: z.number().int(),
      sid: z.string().nullable(),
      /** As the server understood it, digits alone. */
      msisdn: z.string().nullable(),
      submitUrl: z.string().nullable(),
      verified: z.boolean(),
    })
    .nullable()
    .default(null),
  /** The server's session of user-interactive authentication. */
  uiaSession: z.string().nullable(),
  /** Who came of it, once the server has said so. */
  made: z.object({ userId: UserId, deviceId: DeviceId, baseUrl: z.string() }).nullable(),
});
export type RegistrationRecord = z.infer<typeof RegistrationRecord>;

const CLIENT_SECRET_BYTES = 32;

/** A `client_secret` of 256 random bits, in the letters that servers take. */
export function newClientSecret(): string {
  return randomBytes(CLIENT_SECRET_BYTES).toString("base64url");
}

/** A record and the password that belongs to it; each change is sealed before it counts. */
export class KeptRegistration {
  /** Null after a restart, until it was typed again. */
  password: Password | null;
  #record: RegistrationRecord;
  readonly #seal: (record: RegistrationRecord) => Promise<void>;

  constructor(record: RegistrationRecord, password: Password | null, seal: (record: RegistrationRecord) => Promise<void>) {
    this.#record = record;
    this.password = password;
    this.#seal = seal;
  }

  get record(): RegistrationRecord {
    return this.#record;
  }

  /** @throws as `SecretStore.write` does; then nothing has changed */
  async save(change: Partial<RegistrationRecord>): Promise<void> {
    const changed = { ...this.#record, ...change };
    await this.#seal(changed);
    this.#record = changed;
  }
}
