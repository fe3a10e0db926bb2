import * as z from "zod";
import { readUsername } from "../fields.ts";
import { AccountId, BaseUrl } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { SIGNING_IN } from "./errorKinds.ts";
import { typed } from "./typed.ts";

export const firstAdmin = domain({
  requests: {
    /**
     * Makes an admin with the secret that is in the homeserver's configuration, and keeps them as an account. The secret is
     * used once and stored nowhere. Throws `insecure_http`, `shared_secret_off`, `shared_secret_wrong`, `user_name_taken`,
     * `user_name_refused`, `password_refused`, `admin_api_not_exposed`, and what signing in throws.
     */
    create: request(
      z.object({
        baseUrl: BaseUrl,
        serverName: z.string().max(255).nullable(),
        acceptInsecureHttp: z.boolean(),
        sharedSecret: secretText("shared secret", z.string().min(1).max(1000)),
        username: typed((text) => readUsername(text)),
        password: secretText("password", z.string().min(1).max(512)),
      }),
      z.object({ accountId: AccountId }),
      [
        ...SIGNING_IN,
        "admin_api_lacks",
        "admin_api_not_exposed",
        "password_refused",
        "shared_secret_off",
        "shared_secret_wrong",
        "user_name_refused",
        "user_name_taken",
      ],
    ),
  },
  events: {},
});
