import * as z from "zod";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION } from "./errorKinds.ts";
import { QrCode } from "./qrCode.ts";

/** Why linking a device ended without success. */
export const LinkEnd = z.enum([
  /** By the person, here. */
  "cancelled",
  /** By the person on the other device, or because the person there did not take part. */
  "cancelled_there",
  /** The server has ended the exchange before its time, or the other device has. */
  "ended_there",
  "expired",
  /** The code that was typed is not the one of this exchange: somebody else may have scanned the QR code. */
  "wrong_code",
  /** Something else was written into the exchange, over what this side had to say. */
  "message_lost",
  /** What came is nothing that this version of the protocol has. */
  "not_understood",
  "not_supported",
  /** This session is not verified, or has not all keys of the identity: it has nothing to hand over. */
  "not_verified",
  /** The other device asks to be approved on a page that is not the server's. */
  "strange_page",
  /** The other device wants the name of a session that is there already. */
  "device_exists",
  /** The other device said that it is signed in, and the server does not list it. */
  "device_not_found",
  /** The server could not be reached for too long, or refused. */
  "server",
  /** This account was signed out or stopped meanwhile. */
  "session_ended",
]);
export type LinkEnd = z.infer<typeof LinkEnd>;

const link = z.object({ linkId: ConversationId, accountId: AccountId });

/** A device that is being linked. Every change is sent whole. */
export const DeviceLink = z.discriminatedUnion("status", [
  link.extend({ status: z.literal("starting") }),
  /** The other device is to scan this code. */
  link.extend({ status: z.literal("showing"), qr: QrCode }),
  /** It has, and shows two digits, which the person types here. */
  link.extend({ status: z.literal("checking") }),
  /** The digits were right: the other device asks the server for a session. */
  link.extend({ status: z.literal("waiting") }),
  /** The person approves the new session on this page, with the code that the other device shows. */
  link.extend({ status: z.literal("approving"), url: z.string().max(2048), browserFailed: z.boolean() }),
  link.extend({ status: z.literal("done") }),
  link.extend({ status: z.literal("ended"), reason: LinkEnd }),
]);
export type DeviceLink = z.infer<typeof DeviceLink>;

const one = z.object({ linkId: ConversationId });
const nothing = z.object({});

export const linkDevice = domain({
  requests: {
    /** Whether the account's server can link devices by QR code, and this session has something to hand over. */
    available: request(
      z.object({ accountId: AccountId }),
      z.object({ why: LinkEnd.extract(["not_supported", "not_verified"]).nullable() }),
      [...ANY_SESSION, "identity_changed"],
    ),
    /** Begins; what becomes of it comes with `changed`. Another that is under way for the account is cancelled. */
    start: request(z.object({ accountId: AccountId }), one, ["no_such_account"]),
    /** The two digits that the other device shows. Wrong ones end it. */
    checkCode: request(one.extend({ code: z.string().regex(/^\d{2}$/) }), nothing, ["conversation_over"]),
    /** Opens the page once more. */
    openPage: request(one, nothing, ["conversation_over", "forbidden"]),
    cancel: request(one, nothing, []),
    /** Those under way: what a renderer asks after it was reloaded. */
    list: request(nothing, z.object({ links: z.array(DeviceLink) }), []),
  },
  events: { changed: DeviceLink },
});
