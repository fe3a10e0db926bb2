import type { Registration } from "../../shared/contract/registration.ts";
import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

/** The accounts that are being created, and those that ended while the window was open. */
export const {
  use: useRegistrations,
  changed: registrationChanged,
  load: loadRegistrations,
} = createConversations(
  ({ registrationId }) => registrationId,
  async () => (await steward.registration.list({})).registrations,
);

/** Whether it still needs the person or the server. */
export const isUnfinished = ({ status }: Registration): boolean => status !== "done" && status !== "dropped";

/** The name by which a person knows an account that is not there yet. */
export function registrationName({ username, serverName }: Pick<Registration, "username" | "serverName">): string {
  return serverName === null ? username : `@${username}:${serverName}`;
}
