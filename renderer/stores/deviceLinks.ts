import { create } from "zustand";
import type { DeviceLink } from "../../shared/contract/linkDevice.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Whether devices can be linked to an account by QR code, and why not. */
export const linkingAvailable = createLoaded((accountId) => steward.linkDevice.available({ accountId }));

/** The devices that are being linked, and what became of those that were not closed yet. */
export const useDeviceLinks = create<{ readonly byId: Readonly<Record<ConversationId, DeviceLink>> }>()(() => ({ byId: {} }));

/** Takes in a link as it is now. */
export function deviceLinkChanged(link: DeviceLink): void {
  useDeviceLinks.setState(({ byId }) => ({ byId: { ...byId, [link.linkId]: link } }));
}

/** Asks main for those under way: what a window that was loaded again needs. */
export async function loadDeviceLinks(): Promise<void> {
  const { links } = await steward.linkDevice.list({});
  for (const link of links) deviceLinkChanged(link);
}

/** Begins to link a device. @throws RequestFailure */
export async function linkDevice(accountId: AccountId): Promise<void> {
  // One that ended and was not closed has nothing more to say.
  for (const link of Object.values(useDeviceLinks.getState().byId)) if (link.accountId === accountId) forgetDeviceLink(link.linkId);
  await steward.linkDevice.start({ accountId });
}

/** Closes one, whether or not it has ended. */
export function closeDeviceLink(linkId: ConversationId): void {
  forgetDeviceLink(linkId);
  void steward.linkDevice.cancel({ linkId }).catch(() => undefined);
}

function forgetDeviceLink(linkId: ConversationId): void {
  useDeviceLinks.setState(({ byId }) => {
    const { [linkId]: _closed, ...rest } = byId;
    return { byId: rest };
  });
}
