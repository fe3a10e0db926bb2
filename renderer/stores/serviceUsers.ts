import type { ServiceSession } from "../../shared/contract/serviceUsers.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";
import { accountOfUser, partsOfUser, type UserKey } from "./users.ts";

const service = steward.serviceUsers;

/** Whom providers know each user as, by the authentication service, and which providers there are. */
export const serviceLinks = createLoaded<Awaited<ReturnType<typeof service.links>>, UserKey>(
  (key) => service.links(partsOfUser(key)),
  accountOfUser,
);

/** The sessions of each user at the authentication service that no homeserver hears of. */
export const serviceSessions = createLoaded<readonly ServiceSession[], UserKey>(
  async (key) => (await service.sessions(partsOfUser(key))).sessions,
  accountOfUser,
);
