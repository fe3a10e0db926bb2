import type { StageDefinition } from "../stage.ts";
import { fallbackPage } from "./fallbackPage.ts";

/**
 * `m.login.sso`: the person proves at the provider who they are. Nothing tells us when that is done (the last page speaks
 * to a window that embeds it), so the server is asked.
 */
export const singleSignOn: StageDefinition<"sso"> = {
  kind: "sso",
  types: ["m.login.sso"],
  cost: 2,
  polled: true,
  show: (type, context) => {
    const url = fallbackPage(type, context);
    return url === null ? null : { kind: "sso", url };
  },
  // The server knows by the session alone what was done.
  auth: () => ({}),
};
