import * as z from "zod";
import type { PendingPhone } from "../../shared/contract/addresses.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { type AccountId, ConversationId } from "../../shared/ids.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { SealedList } from "./sealedList.ts";

/** What must be known of a phone number to go on with adding it, also after a restart. */
const KeptPhone = z.object({
  pendingId: ConversationId,
  country: z.string(),
  /** As typed. */
  number: z.string(),
  /** As the server understood it, digits alone; null where it did not say. */
  msisdn: z.string().nullable(),
  clientSecret: z.string(),
  /** The server's name for the validation; empty until it has answered. */
  sids: z.array(z.string()).max(1),
  /** Where the code goes; null where the server learns of it in a way of its own. */
  submitUrl: z.string().nullable(),
  /** The last `send_attempt`. A number that was used before sends no code, so it is kept before it is used. */
  attempt: z.number().int(),
  codes: z.number().int(),
  /** The code was right. */
  verified: z.boolean(),
});
export type KeptPhone = z.infer<typeof KeptPhone>;

export interface PendingPhonesParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  emit: Emit;
}

/** The phone numbers that are being added to each account: who has them can add the number elsewhere. */
export class PendingPhones extends SealedList<KeptPhone> {
  constructor({ secretStore, emit }: PendingPhonesParts) {
    super({
      secretStore,
      field: "pendingPhones",
      schema: KeptPhone,
      onChanged: async (accountId) => emit("addresses.pendingPhonesChanged", { accountId, pending: await this.shown(accountId) }),
    });
  }

  /** As everybody may see them. @throws what the secret store throws */
  async shown(accountId: AccountId): Promise<PendingPhone[]> {
    return (await this.all(accountId)).map(shownPhone);
  }
}

function shownPhone({ pendingId, number, msisdn, sids, submitUrl, codes, verified }: KeptPhone): PendingPhone {
  const common = { pendingId, number: msisdn === null ? number : `+${msisdn}` };
  if (sids.length === 0) return { ...common, status: "maybe_sent" };
  return verified ? { ...common, status: "verified" } : { ...common, status: "sent", wantsCode: submitUrl !== null, codes };
}
