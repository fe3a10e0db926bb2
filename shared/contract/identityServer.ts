import * as z from "zod";
import { AppError } from "../errors.ts";
import { readCode, readIdentityServer } from "../fields.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { AccountAddress } from "./addresses.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_IDENTITY_SERVER, ANY_SESSION, SECRETS_HERE } from "./errorKinds.ts";
import { Policy } from "./registration.ts";
import { typed } from "./typed.ts";

const named = {
  host: z.string().max(500),
  /** Whether the account names it. Else its homeserver does, and the person has not said anything. */
  chosen: z.boolean(),
};

/** The server by which others find an account by its email addresses and phone numbers, and how it stands with it. */
export const IdentityServer = z.discriminatedUnion("kind", [
  /** None is used: none is named, or none is wanted. */
  z.object({ kind: z.literal("none"), notWanted: z.boolean() }),
  /** What is named is no address, or one that is not encrypted. Nothing is sent there. */
  z.object({ kind: z.literal("unusable"), named: z.string().max(500) }),
  /** Steward has not asked it anything yet: it would learn whose account this is. */
  z.object({ kind: z.literal("not_connected"), ...named }),
  /** It wants these agreed to before anything else. */
  z.object({ kind: z.literal("terms"), ...named, policies: z.array(Policy).max(50) }),
  z.object({ kind: z.literal("connected"), ...named, shared: z.array(AccountAddress) }),
  /** It could not be asked. */
  z.object({ kind: z.literal("unreachable"), ...named, error: AppError }),
]);
export type IdentityServer = z.infer<typeof IdentityServer>;

const share = { pendingId: ConversationId, ...AccountAddress.shape };

/** An address that is to be found by others, and has to be proved to the identity server first. It outlives the app. */
export const PendingShare = z.discriminatedUnion("status", [
  /** The identity server was asked for an email or a code, and its answer was lost. */
  z.object({ ...share, status: z.literal("maybe_sent") }),
  /** The link has to be opened, or the code typed. `count`: how many were sent. */
  z.object({ ...share, status: z.literal("sent"), count: z.number().int() }),
  /** So long ago that most identity servers no longer take it. */
  z.object({ ...share, status: z.literal("expired") }),
]);
export type PendingShare = z.infer<typeof PendingShare>;

const one = z.object({ accountId: AccountId });
const onePending = one.extend({ pendingId: ConversationId });
const oneAddress = one.extend(AccountAddress.shape);
const pendingShares = z.object({ pending: z.array(PendingShare) });

export const identityServer = domain({
  requests: {
    /** Read from the servers each time. Asks an identity server nothing that the person has not connected to. */
    state: request(one, IdentityServer, [...ANY_SESSION, ...ANY_IDENTITY_SERVER]),
    /** Proves to it whose account this is. Throws what went wrong at either server. */
    connect: request(one, IdentityServer, [...ANY_SESSION, ...ANY_IDENTITY_SERVER]),
    /** Takes another one, and connects. Throws `not_an_identity_server` and `insecure_http`; nothing has changed then. */
    use: request(one.extend({ identityServer: typed(readIdentityServer) }), IdentityServer, [
      ...ANY_SESSION,
      ...ANY_IDENTITY_SERVER,
      "insecure_http",
    ]),
    /** Says in the account that none is wanted, and signs out of the one there was. What is shared stays shared. */
    stopUsing: request(one, IdentityServer, [...ANY_SESSION, ...ANY_IDENTITY_SERVER]),
    /** Agrees to documents, by their addresses. */
    agree: request(one.extend({ urls: z.array(z.string().max(2048)).max(50) }), IdentityServer, [...ANY_SESSION, ...ANY_IDENTITY_SERVER]),
    /** Opens one of the documents that have to be agreed to. Throws `conversation_over`. */
    openPolicy: request(one.extend({ url: z.string().max(2048) }), z.object({}), ["conversation_over", "forbidden"]),
    pendingShares: request(one, pendingShares, SECRETS_HERE),
    /**
     * Has the identity server send a link or a code to an address of the account. Throws `identity_terms_unsigned`,
     * `address_refused` and `phone_refused`.
     */
    share: request(oneAddress, z.object({ pendingId: ConversationId }), [
      ...ANY_SESSION,
      ...ANY_IDENTITY_SERVER,
      "address_refused",
      "not_allowed_by_server",
      "phone_refused",
    ]),
    sendShareAgain: request(onePending, z.object({}), [
      ...ANY_SESSION,
      ...ANY_IDENTITY_SERVER,
      "address_refused",
      "not_allowed_by_server",
      "phone_refused",
    ]),
    /** Shares the address; the code is that of a phone. `shared` is false while the link has not been opened. */
    confirmShare: request(onePending.extend({ code: typed(readCode).nullable() }), z.object({ shared: z.boolean() }), [
      ...ANY_SESSION,
      ...ANY_IDENTITY_SERVER,
      "not_allowed_by_server",
      "phone_refused",
    ]),
    dropShare: request(onePending, z.object({}), SECRETS_HERE),
    /** The address stays on the account. Throws `stop_sharing_failed`: it is still shared then. */
    stopSharing: request(oneAddress, IdentityServer, [...ANY_SESSION, ...ANY_IDENTITY_SERVER, "stop_sharing_failed"]),
  },
  events: {
    /** It is no longer as it was told. */
    changed: one,
    pendingSharesChanged: one.extend(pendingShares.shape),
  },
});
