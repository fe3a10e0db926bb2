import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { SecretStore } from "../secrets/secretStore.ts";

/** Of those begun before, the oldest are forgotten. */
const MAX_ENTRIES = 10;

interface Entry {
  pendingId: ConversationId;
}

export interface SealedListParts<T extends Entry> {
  secretStore: Pick<SecretStore, "read" | "update">;
  /** Where in the secrets of an account it lies. */
  field: "pendingEmails" | "pendingPhones" | "pendingShares";
  schema: z.ZodType<T>;
  /** Called after each change. */
  onChanged: (accountId: AccountId) => Promise<void>;
}

/** What is under way for each account and must outlive the app, sealed beside its other secrets. */
export class SealedList<T extends Entry> {
  readonly #parts: SealedListParts<T>;

  constructor(parts: SealedListParts<T>) {
    this.#parts = parts;
  }

  /** Oldest first. @throws what the secret store throws */
  async all(accountId: AccountId): Promise<T[]> {
    const read = await this.#parts.secretStore.read(accountId);
    return read.kind === "found" ? this.#parse(read.secrets[this.#parts.field]) : [];
  }

  /** @throws `conversation_over` where it is not there any more */
  async one(accountId: AccountId, pendingId: ConversationId): Promise<T> {
    const found = (await this.all(accountId)).find((entry) => entry.pendingId === pendingId);
    if (!found) throw fail("conversation_over");
    return found;
  }

  /** @throws what the secret store throws */
  async add(accountId: AccountId, entry: T): Promise<void> {
    await this.#update(accountId, (before) => [...before, entry].slice(-MAX_ENTRIES));
  }

  /** Answers it as it is then. @throws `conversation_over` where it is not there any more */
  async change(accountId: AccountId, pendingId: ConversationId, how: (entry: T) => Partial<T>): Promise<T> {
    await this.#update(accountId, (before) => before.map((entry) => (entry.pendingId === pendingId ? { ...entry, ...how(entry) } : entry)));
    return this.one(accountId, pendingId);
  }

  /** Forgets those for which `which` holds. @throws what the secret store throws */
  async remove(accountId: AccountId, which: (entry: T) => boolean): Promise<void> {
    if ((await this.all(accountId)).some(which)) {
      await this.#update(accountId, (before) => before.filter((entry) => !which(entry)));
    }
  }

  async #update(accountId: AccountId, change: (before: T[]) => T[]): Promise<void> {
    const { secretStore, field, onChanged } = this.#parts;
    await secretStore.update(accountId, (secrets) => ({
      ...secrets,
      [field]: JSON.stringify(change(this.#parse(secrets[field]))),
    }));
    await onChanged(accountId);
  }

  /** What cannot be read any more is as good as never begun. */
  #parse(text: string | undefined): T[] {
    if (text === undefined) return [];
    try {
      return z.array(this.#parts.schema).safeParse(JSON.parse(text)).data ?? [];
    } catch {
      return [];
    }
  }
}
