import * as z from "zod";
import type { PendingEmail } from "../../shared/contract/addresses.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { AppError, fail } from "../../shared/errors.ts";
import { type AccountId, ConversationId } from "../../shared/ids.ts";
import type { SecretStore } from "../secrets/secretStore.ts";

/** How long Synapse takes a link, unless it is told otherwise (`validation_token_lifetime`). No server says. Milliseconds. */
const LINK_LIFETIME_MS = 60 * 60_000;
/** Of those begun before, the oldest are forgotten. */
const MAX_PENDING = 10;
/** A server begins another validation when the one before was used. */
const MAX_SIDS = 5;

/** What must be known of an email address to go on with adding it, also after a restart. */
const KeptEmail = z.object({
  pendingId: ConversationId,
  address: z.string(),
  clientSecret: z.string(),
  /** The server's names for the validation, oldest first; none until it has answered. */
  sids: z.array(z.string()),
  /** The last `send_attempt`. A number that was used before sends no email, so it is kept before it is used. */
  attempt: z.number().int(),
  emails: z.number().int(),
  /** When the last email was asked for, in milliseconds since 1970. */
  askedAt: z.number(),
  confirmed: z.boolean(),
  /** The session of the authentication that was completed; null where none was wanted. */
  uiaSession: z.string().nullable(),
  refusal: z.unknown(),
});
export type KeptEmail = z.infer<typeof KeptEmail>;
const KeptEmails = z.array(KeptEmail);

export interface PendingEmailsParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  emit: Emit;
  /** An hour unless said otherwise. */
  linkLifetimeMs?: number;
}

/** The email addresses that are being added to each account, sealed beside its other secrets: who has them can add the address elsewhere. */
export class PendingEmails {
  readonly #parts: PendingEmailsParts;

  constructor(parts: PendingEmailsParts) {
    this.#parts = parts;
  }

  /** As everybody may see them. @throws what the secret store throws */
  async shown(accountId: AccountId): Promise<PendingEmail[]> {
    return (await this.all(accountId)).map((email) => this.#shown(email));
  }

  /** Oldest first. @throws what the secret store throws */
  async all(accountId: AccountId): Promise<KeptEmail[]> {
    const read = await this.#parts.secretStore.read(accountId);
    return read.kind === "found" ? parse(read.secrets.pendingEmails) : [];
  }

  /** @throws `conversation_over` where it is not there any more */
  async one(accountId: AccountId, pendingId: ConversationId): Promise<KeptEmail> {
    const found = (await this.all(accountId)).find((email) => email.pendingId === pendingId);
    if (!found) throw fail("conversation_over");
    return found;
  }

  /** @throws what the secret store throws */
  async add(accountId: AccountId, email: KeptEmail): Promise<void> {
    await this.#update(accountId, (before) => [...before, email].slice(-MAX_PENDING));
  }

  /** Answers it as it is then. @throws `conversation_over` where it is not there any more */
  async change(accountId: AccountId, pendingId: ConversationId, how: (email: KeptEmail) => Partial<KeptEmail>): Promise<KeptEmail> {
    await this.#update(accountId, (before) =>
      before.map((email) => (email.pendingId === pendingId ? { ...email, ...how(email) } : email)),
    );
    return this.one(accountId, pendingId);
  }

  /** Forgets those for which `which` holds. */
  async remove(accountId: AccountId, which: (email: KeptEmail) => boolean): Promise<void> {
    if ((await this.all(accountId)).some(which)) {
      await this.#update(accountId, (before) => before.filter((email) => !which(email)));
    }
  }

  isExpired({ askedAt }: KeptEmail): boolean {
    return Date.now() - askedAt >= (this.#parts.linkLifetimeMs ?? LINK_LIFETIME_MS);
  }

  /** Tells everybody how they stand. */
  async tell(accountId: AccountId): Promise<void> {
    this.#parts.emit("addresses.pendingChanged", { accountId, pending: await this.shown(accountId) });
  }

  async #update(accountId: AccountId, change: (before: KeptEmail[]) => KeptEmail[]): Promise<void> {
    await this.#parts.secretStore.update(accountId, (secrets) => ({
      ...secrets,
      pendingEmails: JSON.stringify(change(parse(secrets.pendingEmails))),
    }));
    await this.tell(accountId);
  }

  #shown(email: KeptEmail): PendingEmail {
    const { pendingId, address, emails, sids, confirmed } = email;
    const common = { pendingId, address, emails };
    const refusal = AppError.safeParse(email.refusal).data;
    if (refusal) return { ...common, status: "refused", error: refusal };
    if (sids.length === 0) return { ...common, status: "maybe_sent" };
    if (this.isExpired(email)) return { ...common, status: "expired" };
    return { ...common, status: confirmed ? "confirmed" : "sent" };
  }
}

/** The validation's names with one more, which may be among them. */
export function withSid(sids: readonly string[], sid: string): string[] {
  return [...sids.filter((other) => other !== sid), sid].slice(-MAX_SIDS);
}

/** What cannot be read any more is as good as never begun. */
function parse(text: string | undefined): KeptEmail[] {
  if (text === undefined) return [];
  try {
    return KeptEmails.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
