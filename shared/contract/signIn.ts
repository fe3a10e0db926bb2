import * as z from "zod";
import { AccountId, BaseUrl, ServerName } from "../ids.ts";
import { domain, request } from "./define.ts";

/** A way of signing in that a homeserver offers. Those Steward cannot do yet are named all the same. */
export const LoginFlow = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password") }),
  z.object({ kind: z.literal("sso"), providers: z.array(z.object({ id: z.string(), name: z.string() })) }),
  /** OAuth 2.0, "next-gen auth". */
  z.object({ kind: z.literal("oauth") }),
  z.object({ kind: z.literal("other"), type: z.string() }),
]);
export type LoginFlow = z.infer<typeof LoginFlow>;

export const Homeserver = z.object({
  serverName: ServerName,
  baseUrl: BaseUrl,
  /** How the base URL was found. */
  foundBy: z.enum(["well_known", "server_name", "url"]),
  flows: z.array(LoginFlow),
  /** The user part when the input was a full Matrix ID. */
  localpart: z.string().nullable(),
  warnings: z.array(z.enum(["insecure_http", "identity_server_invalid"])),
});
export type Homeserver = z.infer<typeof Homeserver>;

/** Who signs in: the words a person typed, told apart by the form. */
export const LoginIdentifier = z.discriminatedUnion("kind", [
  /** A localpart or a full Matrix ID. */
  z.object({ kind: z.literal("user"), user: z.string().trim().min(1).max(255) }),
  z.object({ kind: z.literal("email"), address: z.email().max(320) }),
  /** Country: two letters (ISO 3166); number as typed. */
  z.object({
    kind: z.literal("phone"),
    country: z.string().regex(/^[A-Z]{2}$/),
    number: z.string().min(3).max(30),
  }),
]);
export type LoginIdentifier = z.infer<typeof LoginIdentifier>;

const password = z.string().min(1).max(4096);

export const signIn = domain({
  requests: {
    /** Finds the homeserver behind a name, a URL or a full Matrix ID, and asks how one signs in there. */
    findHomeserver: request(z.object({ input: z.string().trim().min(1).max(2048) }), Homeserver),
    withPassword: request(
      z.object({
        /** Null when the homeserver was given as a URL: its name is not known then. */
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        identifier: LoginIdentifier,
        password,
        /** The person has read the warning about an unencrypted connection and goes on. */
        acceptInsecureHttp: z.boolean().default(false),
      }),
      z.object({ accountId: AccountId }),
    ),
    /** Signs a soft-logged-out account in again: same device, nothing lost. */
    again: request(z.object({ accountId: AccountId, password }), z.object({})),
  },
  events: {},
});
