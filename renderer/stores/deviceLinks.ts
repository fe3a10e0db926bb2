import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";
import { createLoaded } from "./loaded.ts";

/** Whether devices can be linked to an account by QR code, and why not. */
export const linkingAvailable = createLoaded((accountId) => steward.linkDevice.available({ accountId }));

const { use, changed, forget, gone, load } = createConversations(
  ({ linkId }) => linkId,
  async () => (await steward.linkDevice.list({})).links,
);

/** The devices that are being linked, and what became of those that were not closed yet. */
export const useDeviceLinks = use;
export const deviceLinkChanged = changed;
export const loadDeviceLinks = load;

/** Forgets those of an account that was removed. */
export const forgetDeviceLinks = (of: AccountId): void => forget(({ accountId }) => accountId === of);

/** Begins to link a device. @throws RequestFailure */
export async function linkDevice(accountId: AccountId): Promise<void> {
  // One that ended and was not closed has nothing more to say.
  forget((link) => link.accountId === accountId);
  await steward.linkDevice.start({ accountId });
}

/** Closes one, whether or not it has ended. */
export function closeDeviceLink(linkId: ConversationId): void {
  gone(linkId);
  void steward.linkDevice.cancel({ linkId }).catch(() => undefined);
}
