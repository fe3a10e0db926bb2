import { create } from "zustand";
import type { Registration } from "../../shared/contract/registration.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** The accounts that are being created, and those that ended while the window was open. */
export const useRegistrations = create<{ readonly byId: Readonly<Record<AccountId, Registration>> }>()(() => ({ byId: {} }));

/** Takes in a registration as it is now. */
export function registrationChanged(registration: Registration): void {
  useRegistrations.setState(({ byId }) => ({ byId: { ...byId, [registration.registrationId]: registration } }));
}

/** Asks main for those under way: what a window that was loaded again, or for the first time, needs. */
export async function loadRegistrations(): Promise<void> {
  const { registrations } = await steward.registration.list({});
  for (const registration of registrations) registrationChanged(registration);
}

/** Whether it still needs the person or the server. */
export const isUnfinished = ({ status }: Registration): boolean => status !== "done" && status !== "dropped";

/** The name by which a person knows an account that is not there yet. */
export function registrationName({ username, serverName }: Pick<Registration, "username" | "serverName">): string {
  return serverName === null ? username : `@${username}:${serverName}`;
}
