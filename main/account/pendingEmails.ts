import * as z from "zod";
import type { PendingEmail } from "../../shared/contract/addresses.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { AppError } from "../../shared/errors.ts";
import { type AccountId, ConversationId } from "../../shared/ids.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { SealedList } from "./sealedList.ts";

/** How long Synapse takes a link, unless it is told otherwise (`validation_token_lifetime`). No server says. Milliseconds. */
const LINK_LIFETIME_MS = 60 * 60_000;
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

export interface PendingEmailsParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  emit: Emit;
  /** An hour unless said otherwise. */
  linkLifetimeMs?: number;
}

/** The email addresses that are being added to each account: who has them can add the address elsewhere. */
export class PendingEmails extends SealedList<KeptEmail> {
  readonly #parts: PendingEmailsParts;

  constructor(parts: PendingEmailsParts) {
    const { secretStore } = parts;
    super({ secretStore, field: "pendingEmails", schema: KeptEmail, onChanged: (accountId) => this.tell(accountId) });
    this.#parts = parts;
  }

  /** As everybody may see them. @throws what the secret store throws */
  async shown(accountId: AccountId): Promise<PendingEmail[]> {
    return (await this.all(accountId)).map((email) => this.#shown(email));
  }

  isExpired({ askedAt }: KeptEmail): boolean {
    return Date.now() - askedAt >= (this.#parts.linkLifetimeMs ?? LINK_LIFETIME_MS);
  }

  /** Tells everybody how they stand. */
  async tell(accountId: AccountId): Promise<void> {
    this.#parts.emit("addresses.pendingChanged", { accountId, pending: await this.shown(accountId) });
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
