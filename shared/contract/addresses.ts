import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";

/** An email address or phone number on an account. */
export const AccountAddress = z.object({
  medium: z.enum(["email", "msisdn"]),
  /** As the server keeps it: a phone number without its `+`. */
  address: z.string().min(1).max(500),
});
export type AccountAddress = z.infer<typeof AccountAddress>;

export const AccountAddresses = z.object({
  addresses: z.array(AccountAddress),
  /** False where the server takes no changes (`m.3pid_changes`). */
  canChange: z.boolean(),
});
export type AccountAddresses = z.infer<typeof AccountAddresses>;

const one = z.object({ accountId: AccountId });

export const addresses = domain({
  requests: {
    /** Read from the server each time. */
    list: request(one, AccountAddresses),
    /** Takes one off the account; one that is not on it is no error. Answers what is left. */
    remove: request(one.extend(AccountAddress.shape), AccountAddresses),
  },
  events: {},
});
