import type { AccountAddress, AccountAddresses, PendingEmail, PendingPhone } from "../../shared/contract/addresses.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** The email addresses and phone numbers of each account as the server last told them. */
export const accountAddresses = createLoaded<AccountAddresses>((accountId) => steward.addresses.list({ accountId }));

/** The email addresses that are being added to each account. Main tells of every change. */
export const pendingEmails = createLoaded<readonly PendingEmail[]>(
  async (accountId) => (await steward.addresses.pendingEmails({ accountId })).pending,
);

/** The same for phone numbers. */
export const pendingPhones = createLoaded<readonly PendingPhone[]>(
  async (accountId) => (await steward.addresses.pendingPhones({ accountId })).pending,
);

/** Takes one off the account. Where that fails the list is read again: the server may have done it all the same. @throws RequestFailure */
export async function removeAddress(accountId: AccountId, { medium, address }: AccountAddress): Promise<void> {
  try {
    accountAddresses.set(accountId, await steward.addresses.remove({ accountId, medium, address }));
  } catch (thrown) {
    accountAddresses.reload(accountId);
    throw thrown;
  }
}
