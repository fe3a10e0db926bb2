import * as z from "zod";
import { AppError } from "../errors.ts";
import { readAdminAddress } from "../fields.ts";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { typed } from "./typed.ts";

const common = {
  /** Where the person has said that the admin API is; null where it is asked at the homeserver's base URL. */
  adminBaseUrl: z.string().max(2048).nullable(),
  /** Whether it was an admin when the server last said: where the server does not answer, it is one still, for all we know. */
  wasAdmin: z.boolean(),
};

/** Whether an account may use its server's admin API, as the server said when it was asked. */
export const AdminAccess = z.discriminatedUnion("status", [
  /** Not asked yet. */
  z.object({ ...common, status: z.literal("unknown") }),
  z.object({
    ...common,
    status: z.literal("admin"),
    /** As the server names it; null where it does not say. */
    version: z.string().max(100).nullable(),
    /** Whether an authentication service of its own looks after passwords and sessions (MSC3861). */
    delegatedAuth: z.boolean(),
    /** Whether that service's own admin API lets this account use it; left out where it does not. */
    serviceApi: z.literal(true).optional(),
  }),
  z.object({ ...common, status: z.literal("not_admin") }),
  /** What answers is something in front of the server. */
  z.object({ ...common, status: z.literal("not_exposed") }),
  /** The server has no admin API that is known here. */
  z.object({ ...common, status: z.literal("not_supported") }),
  z.object({ ...common, status: z.literal("unreachable"), error: AppError }),
]);
export type AdminAccess = z.infer<typeof AdminAccess>;

const one = z.object({ accountId: AccountId });

export const administration = domain({
  requests: {
    /** As it was found out last; `unknown` before that. Asks nobody. */
    access: request(one, AdminAccess, []),
    /** Asks the server. */
    checkAccess: request(one, AdminAccess, ANY_ADMIN),
    /**
     * Where the admin API is from now on; null for the homeserver's base URL. It is asked there, without a token, whether it
     * is one: what is none is not taken. Throws `insecure_http`, `this_computer_only`, `admin_api_not_exposed`,
     * `admin_api_lacks`, and why the address does not answer.
     */
    setAddress: request(one.extend({ address: typed(readAdminAddress).nullable(), acceptInsecureHttp: z.boolean() }), AdminAccess, [
      ...ANY_ADMIN,
      "insecure_http",
    ]),
  },
  events: {
    accessChanged: one.extend({ access: AdminAccess }),
  },
});
