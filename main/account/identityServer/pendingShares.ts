import * as z from "zod";
import { AccountAddress } from "../../../shared/contract/addresses.ts";
import type { PendingShare } from "../../../shared/contract/identityServer.ts";
import type { Emit } from "../../../shared/contract/index.ts";
import { type AccountId, ConversationId } from "../../../shared/ids.ts";
import type { SecretStore } from "../../secrets/secretStore.ts";
import { SealedList } from "../sealedList.ts";

/** How long Sydent takes a link or a code. No identity server says. Milliseconds. */
const LIFETIME_MS = 24 * 60 * 60_000;

/** What must be known to go on with sharing an address, also after a restart. */
const KeptShare = AccountAddress.extend({
  pendingId: ConversationId,
  /** The identity server. */
  baseUrl: z.string(),
  clientSecret: z.string(),
  /** Its name for the validation; null until it has answered. */
  sid: z.string().nullable(),
  /** The last `send_attempt`. A number that was used before sends nothing, so it is kept before it is used. */
  attempt: z.number().int(),
  count: z.number().int(),
  /** When the last one was asked for, in milliseconds since 1970; 0 when the server no longer knows of it. */
  askedAt: z.number(),
});
export type KeptShare = z.infer<typeof KeptShare>;

export interface PendingSharesParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  emit: Emit;
}

/** The addresses that an identity server is to be told of, for each account: who has these can prove them in its place. */
export class PendingShares extends SealedList<KeptShare> {
  readonly #emit: Emit;

  constructor({ secretStore, emit }: PendingSharesParts) {
    super({ secretStore, field: "pendingShares", schema: KeptShare, onChanged: (accountId) => this.tell(accountId) });
    this.#emit = emit;
  }

  /** As everybody may see them. @throws what the secret store throws */
  async shown(accountId: AccountId): Promise<PendingShare[]> {
    return (await this.all(accountId)).map((share) => {
      const { pendingId, medium, address, sid, count } = share;
      const common = { pendingId, medium, address };
      if (isExpired(share)) return { ...common, status: "expired" };
      return sid === null ? { ...common, status: "maybe_sent" } : { ...common, status: "sent", count };
    });
  }

  /** Tells everybody how they stand. */
  async tell(accountId: AccountId): Promise<void> {
    this.#emit("identityServer.pendingSharesChanged", { accountId, pending: await this.shown(accountId) });
  }
}

export const isExpired = ({ askedAt }: KeptShare): boolean => Date.now() - askedAt >= LIFETIME_MS;
