import type { Registration } from "../../shared/contract/registration.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

const { use, changed, forget, load } = createConversations(
  ({ registrationId }) => registrationId,
  async () => (await steward.registration.list({})).registrations,
);

/** The accounts that are being created, and those that ended while the window was open. */
export const useRegistrations = use;
export const registrationChanged = changed;
export const loadRegistrations = load;

/** Forgets the one that made an account that was removed. */
export const forgetRegistrations = (of: AccountId): void =>
  forget((registration) => registration.status === "done" && registration.accountId === of);

/** Whether it still needs the person or the server. */
export const isUnfinished = ({ status }: Registration): boolean => status !== "done" && status !== "dropped";

/** The name by which a person knows an account that is not there yet. */
export function registrationName({ username, serverName }: Pick<Registration, "username" | "serverName">): string {
  return serverName === null ? username : `@${username}:${serverName}`;
}
