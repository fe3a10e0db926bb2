import * as z from "zod";
import { AccountId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { ExternalId } from "./users.ts";

/** What an authentication service calls something, in its own way. */
const ServiceId = z.string().regex(/^[0-9A-Za-z]{1,64}$/);

/** Whom a provider of single sign-on knows a user as. */
const ServiceLink = z.object({ linkId: ServiceId, provider: ExternalId.shape.provider, subject: ExternalId.shape.id });
export type ServiceLink = z.infer<typeof ServiceLink>;

/** A provider that somebody can be linked to. */
const ServiceProvider = z.object({ providerId: ServiceId, name: ExternalId.shape.provider });
export type ServiceProvider = z.infer<typeof ServiceProvider>;

/** A session that no homeserver hears of: of a browser at the service's own pages, or of a token that somebody made for themselves. */
const ServiceSession = z.object({
  sessionId: ServiceId,
  kind: z.enum(["browser", "personal"]),
  /** What the browser calls itself, or what the token was called. */
  name: z.string().max(500).nullable(),
  lastSeenIp: z.string().max(100).nullable(),
  /** Milliseconds since 1970; null where it is not known. */
  lastSeenAt: z.number().nullable(),
});
export type ServiceSession = z.infer<typeof ServiceSession>;

const oneUser = z.object({ accountId: AccountId, userId: UserId });
const links = z.object({ links: z.array(ServiceLink), providers: z.array(ServiceProvider) });
const sessions = z.object({ sessions: z.array(ServiceSession) });

/**
 * What the authentication service that looks after a server's accounts keeps of a user, and no homeserver hears of; nothing of users
 * whom it does not know. All throw as `MasApi` does, and `admin_api_lacks` where there is no such service that lets itself be asked.
 */
export const serviceUsers = domain({
  requests: {
    links: request(oneUser, links, ANY_ADMIN),
    /** Throws `contact_of_other_user` where the provider's user is somebody else here. */
    addLink: request(oneUser.extend({ providerId: ServiceId, subject: z.string().trim().min(1).max(1000) }), links, [
      ...ANY_ADMIN,
      "contact_of_other_user",
    ]),
    removeLink: request(oneUser.extend({ linkId: ServiceId }), links, ANY_ADMIN),
    /** Those that have not ended. */
    sessions: request(oneUser, sessions, ANY_ADMIN),
    /** Ends these; those that have ended meanwhile are no error. */
    endSessions: request(oneUser.extend({ sessionIds: z.array(ServiceId).min(1).max(1000) }), sessions, ANY_ADMIN),
  },
  events: {},
});
