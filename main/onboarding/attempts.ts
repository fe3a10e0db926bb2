import type * as z from "zod";
import type { AccountId } from "../../shared/ids.ts";
import { fail } from "../../shared/errors.ts";
import { type AccessToken, Secret } from "../../shared/secret.ts";
import type { AccountSecrets, SecretStore } from "../secrets/secretStore.ts";
import { newId } from "../storage/newId.ts";
import { initialSecrets } from "../sessions/initialSecrets.ts";
import type { Folders } from "../storage/folders.ts";

export interface AttemptsParts {
  secretStore: Pick<SecretStore, "read" | "write" | "update" | "remove">;
  folders: Pick<Folders, "accountIds" | "removeAccount">;
  /** Whether an account of that id is listed. */
  isListed: (accountId: AccountId) => boolean;
}

/** An attempt as it lies sealed. */
export interface Kept<T> {
  readonly attemptId: AccountId;
  readonly content: T;
}

/**
 * Attempts at an account that is not here yet, of one kind (creating one, recovering one). Each has the id that the
 * account will have, from the beginning: so what must outlive the app lies in the account's own vault, and is written
 * before anything is sent. An app that is killed finds it there at the next start.
 */
export class Attempts<S extends z.ZodType> {
  readonly #parts: AttemptsParts;
  readonly #schema: S;

  /** @param schema what is kept; it must have a literal that tells its kind from others */
  constructor(parts: AttemptsParts, schema: S) {
    this.#parts = parts;
    this.#schema = schema;
  }

  /** Seals a new attempt and answers its id. @throws as `SecretStore.write` does */
  async create(content: z.input<S>, attemptId = newId<AccountId>()): Promise<AccountId> {
    await this.#parts.secretStore.write(attemptId, {
      ...initialSecrets({ accessToken: new Secret("access token", "") }),
      attempt: this.#text(content),
    });
    return attemptId;
  }

  /** Replaces what is sealed. @throws `secret_missing` when it was dropped meanwhile, and as `SecretStore.write` does */
  async update(attemptId: AccountId, content: z.input<S>): Promise<void> {
    await this.#parts.secretStore.update(attemptId, (secrets) => ({ ...secrets, attempt: this.#text(content) }));
  }

  /** The same, with the token of the session that came of it: from here on the account can start without the server's help. */
  async complete(attemptId: AccountId, content: z.input<S>, token: AccessToken): Promise<void> {
    const attempt = this.#text(content);
    await this.#parts.secretStore.update(attemptId, (secrets) => ({ ...secrets, attempt, accessToken: token }));
  }

  /** The token of the session that came of an attempt. @throws `secret_missing` */
  async accessToken(attemptId: AccountId): Promise<AccessToken> {
    const read = await this.#parts.secretStore.read(attemptId);
    if (read.kind !== "found" || read.secrets.accessToken.isEmpty) throw fail("secret_missing");
    return read.secrets.accessToken;
  }

  /** Takes the attempt out of the vault of an account that came of it; the account's own secrets stay. */
  async settle(accountId: AccountId): Promise<void> {
    await this.#parts.secretStore.update(accountId, withoutAttempt);
  }

  /** Removes all of an attempt of which no account came. */
  async drop(attemptId: AccountId): Promise<void> {
    await this.#parts.secretStore.remove(attemptId);
    await this.#parts.folders.removeAccount(attemptId);
  }

  /**
   * Those that can be read now and of which no account has come. An account that was listed before its attempt was taken
   * out of its vault needs it no more.
   */
  async list(): Promise<Kept<z.output<S>>[]> {
    const found: Kept<z.output<S>>[] = [];
    for (const attemptId of await this.#parts.folders.accountIds()) {
      if (this.#parts.isListed(attemptId)) continue;
      const read = await this.#parts.secretStore.read(attemptId);
      const content = read.kind === "found" ? this.#contentOf(read.secrets) : null;
      if (content !== null) found.push({ attemptId, content });
    }
    return found;
  }

  #text(content: z.input<S>): string {
    return JSON.stringify(this.#schema.parse(content));
  }

  #contentOf({ attempt }: AccountSecrets): z.output<S> | null {
    if (attempt === undefined) return null;
    try {
      const parsed = this.#schema.safeParse(JSON.parse(attempt));
      return parsed.success ? parsed.data : null;
    } catch {
      return null;
    }
  }
}

function withoutAttempt({ attempt: _, ...secrets }: AccountSecrets): AccountSecrets {
  return secrets;
}
