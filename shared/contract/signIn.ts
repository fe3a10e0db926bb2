import * as z from "zod";
import { type Read, readEmail, readHomeserver, readPhone, readUser, tidy } from "../fields.ts";
import { AppError } from "../errors.ts";
import { AccountId, BaseUrl, ConversationId, ServerName } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SERVER, ANY_SESSION, FILES_HERE, SIGNING_IN } from "./errorKinds.ts";
import { typed } from "./typed.ts";

/** A way of signing in that a homeserver offers. Those Steward cannot do yet are named all the same. */
export const LoginFlow = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password") }),
  z.object({ kind: z.literal("sso"), providers: z.array(z.object({ id: z.string(), name: z.string() })) }),
  /** OAuth 2.0, "next-gen auth": whether its page lets people create an account as well, and takes a code from anywhere. */
  z.object({ kind: z.literal("oauth"), create: z.boolean(), code: z.boolean() }),
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
  /** The host of the identity server that does not work, where what is named has one. */
  identityServer: z.string().max(2048).optional(),
});
export type Homeserver = z.infer<typeof Homeserver>;

/** Who signs in: the words a person typed, told apart by the form. */
export const LoginIdentifier = z.discriminatedUnion("kind", [
  /** A localpart or a full Matrix ID. */
  z.object({ kind: z.literal("user"), user: typed(readUser) }),
  z.object({ kind: z.literal("email"), address: typed(readEmail) }),
  /** Country: two letters (ISO 3166); number as typed. */
  z.object({
    kind: z.literal("phone"),
    country: z.string().regex(/^[A-Z]{2}$/),
    number: typed(readPhone),
  }),
]);
export type LoginIdentifier = z.infer<typeof LoginIdentifier>;

/** The words themselves: what they mean is looked at where they are used. */
function homeserverText(text: string): Read<string> {
  const { problem } = readHomeserver(text);
  return problem === undefined ? { value: tidy(text) } : { problem };
}

const attempt = z.object({
  signInId: ConversationId,
  /** The account that signs in again, or, once it is there, the new one. */
  accountId: AccountId.nullable(),
});

/** A sign-in that goes on in the browser. Every change is sent whole. */
export const BrowserSignIn = z.discriminatedUnion("status", [
  /**
   * `url` is the page to open, to be copied where no browser could be opened; `userCode` is what is typed there, where the
   * browser does not come back by itself.
   */
  attempt.extend({ status: z.literal("waiting"), url: z.string(), userCode: z.string().nullable(), browserFailed: z.boolean() }),
  attempt.extend({ status: z.literal("finishing") }),
  attempt.extend({ status: z.literal("done"), accountId: AccountId }),
  attempt.extend({ status: z.literal("cancelled") }),
  attempt.extend({ status: z.literal("failed"), error: AppError }),
]);
export type BrowserSignIn = z.infer<typeof BrowserSignIn>;

const recentHomeservers = z.object({ inputs: z.array(z.string()) });

const password = secretText("password", z.string().min(1).max(4096));

/** What beginning to sign in in the person's browser may end with. What comes of it there is told by the event. */
const STARTING_IN_BROWSER = [
  ...ANY_SESSION,
  "already_signed_in",
  "different_user",
  "foreign_user",
  "insecure_http",
  "not_a_homeserver",
  "well_known_invalid",
  "conversation_over",
] as const;

export const signIn = domain({
  requests: {
    /** Finds the homeserver behind a name, a URL or a full Matrix ID, and asks how one signs in there. */
    findHomeserver: request(z.object({ input: typed(homeserverText) }), Homeserver, [
      ...ANY_SERVER,
      "not_a_homeserver",
      "well_known_invalid",
      "oauth_unusable",
    ]),
    /** Where accounts were added or created before, the last first. */
    recentHomeservers: request(z.object({}), recentHomeservers, FILES_HERE),
    /** Keeps a homeserver that was found, in the words that find it. */
    rememberHomeserver: request(z.object({ input: typed(homeserverText) }), recentHomeservers, FILES_HERE),
    forgetHomeservers: request(z.object({}), recentHomeservers, FILES_HERE),
    withPassword: request(
      z.object({
        /** Null when the homeserver was given as a URL: its name is not known then. */
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        identifier: LoginIdentifier,
        password,
        /** How other clients list the session; without it they read "Steward on Linux", or whichever system it is. */
        sessionName: z.string().trim().max(100).optional(),
        /** The person has read the warning about an unencrypted connection and goes on. */
        acceptInsecureHttp: z.boolean().default(false),
      }),
      z.object({ accountId: AccountId }),
      SIGNING_IN,
    ),
    /** Signs a soft-logged-out account in again: same device, nothing lost. */
    again: request(z.object({ accountId: AccountId, password }), z.object({}), SIGNING_IN),
    /** Opens the homeserver's (or a provider's) page in the browser; what becomes of it comes with `browserSignInChanged`. */
    startSso: request(
      z.object({
        /** Null when the homeserver was given as a URL: its name is not known then. */
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        /** As the homeserver names it; null lets the homeserver ask which. */
        providerId: z.string().min(1).max(255).nullable(),
        /** The account that signs in again; null for a new one. */
        accountId: AccountId.nullable().default(null),
        acceptInsecureHttp: z.boolean().default(false),
      }),
      z.object({ signInId: ConversationId }),
      [...STARTING_IN_BROWSER, "login_token_refused"],
    ),
    /** As `startSso`, at the authorization server that the homeserver names (OAuth 2.0). */
    startOauth: request(
      z.object({
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        /** Who is expected, where a full Matrix ID was typed: the page may fill it in. */
        localpart: z.string().max(255).nullable().default(null),
        /** Leads to creating an account, where the page can. */
        create: z.boolean().default(false),
        /** Asks for Synapse's admin API as well. An account that may not have that ends on an error page in the browser. */
        admin: z.boolean().optional(),
        /** The account that signs in again; null for a new one. */
        accountId: AccountId.nullable().default(null),
        acceptInsecureHttp: z.boolean().default(false),
      }),
      z.object({ signInId: ConversationId }),
      [...STARTING_IN_BROWSER, "login_token_refused"],
    ),
    /** The same, by a code that the person types on the server's page, in any browser. No page is opened by itself. */
    startOauthByCode: request(
      z.object({
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        accountId: AccountId.nullable().default(null),
        acceptInsecureHttp: z.boolean().default(false),
      }),
      z.object({ signInId: ConversationId }),
      [...STARTING_IN_BROWSER, "sign_in_expired"],
    ),
    /** Those under way: what a renderer asks after it was reloaded. */
    listBrowserSignIns: request(z.object({}), z.object({ signIns: z.array(BrowserSignIn) }), []),
    /** Opens the page once more. */
    openBrowserSignIn: request(z.object({ signInId: ConversationId }), z.object({}), ["conversation_over", "forbidden"]),
    cancelBrowserSignIn: request(z.object({ signInId: ConversationId }), z.object({}), ["conversation_over"]),
  },
  events: { browserSignInChanged: BrowserSignIn },
});
