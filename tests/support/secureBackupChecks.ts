import { expect } from "vitest";
import { type MatrixAnswer, matrixCall } from "./matrixApi.ts";
import { type BackupUnlock, type OpenedBackup, startSdkSession } from "./sdkSession.ts";
import type { Synapse, TestUser } from "./synapse.ts";

const SECRETS = ["m.cross_signing.master", "m.cross_signing.self_signing", "m.cross_signing.user_signing", "m.megolm_backup.v1"];

/** Signs in with a second client and opens the Secure Backup there with nothing but a key or a phrase. */
export async function openElsewhere(synapse: Synapse, user: TestUser, unlock: BackupUnlock): Promise<OpenedBackup> {
  const second = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  try {
    const opened = await second.openBackupWith(unlock);
    expect(opened).toMatchObject({ sessionVerified: true, identityKeysHere: true });
    expect(opened.activeBackupVersion).not.toBeNull();
    return opened;
  } finally {
    second.stop();
  }
}

/** An account's data on the server, read and written as no client of good will would. */
export class AccountDataOnServer {
  readonly #synapse: Synapse;
  readonly #userId: string;
  readonly #token: string;

  constructor(synapse: Synapse, { userId, accessToken }: { userId: string; accessToken: string }) {
    this.#synapse = synapse;
    this.#userId = userId;
    this.#token = accessToken;
  }

  read(type: string): Promise<MatrixAnswer["body"]> {
    return this.#synapse.call({ path: this.#path(type), token: this.#token });
  }

  /** As `read`; an empty object when it was never written, which says as little. */
  async readIfAny(type: string): Promise<MatrixAnswer["body"]> {
    const answer = await matrixCall(this.#synapse.baseUrl, { path: this.#path(type), token: this.#token });
    if (answer.status === 404) return {};
    expect(answer.status, type).toBe(200);
    return answer.body;
  }

  write(type: string, body: unknown): Promise<unknown> {
    return this.#synapse.call({ method: "PUT", path: this.#path(type), token: this.#token, body });
  }

  /** The id of the default key, or null; when there is one, all secrets must be there under it. */
  async expectNoKeyWithoutSecrets(): Promise<string | null> {
    const keyId = ((await this.readIfAny("m.secret_storage.default_key")).key as string | undefined) ?? null;
    if (keyId === null) return null;
    await this.read(`m.secret_storage.key.${keyId}`);
    for (const name of SECRETS) expect((await this.read(name)).encrypted, name).toHaveProperty([keyId]);
    return keyId;
  }

  #path(type: string): string {
    return `/_matrix/client/v3/user/${encodeURIComponent(this.#userId)}/account_data/${encodeURIComponent(type)}`;
  }
}
