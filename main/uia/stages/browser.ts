import * as z from "zod";
import type { StageDefinition } from "../stage.ts";
import { fallbackPage } from "./fallbackPage.ts";

/** Their page has an address of its own, given with the demand: no server has a fallback page for them. */
const WITH_ADDRESS = new Set(["m.oauth", "org.matrix.cross_signing_reset"]);
/** These begin with a request that only the client can make. */
const NEED_A_REQUEST = new Set(["m.login.email.identity", "m.login.msisdn"]);

const Address = z.object({ url: z.url({ protocol: /^https?$/ }).max(2048) });

/**
 * Approvals on a page of the account's server (`m.oauth`: Client-Server API, "OAuth authentication"), and every stage that
 * Steward does not know, on the homeserver's fallback page (which need not exist).
 */
export const browser: StageDefinition<"browser"> = {
  kind: "browser",
  types: null,
  cost: 10,
  polled: true,
  show: (type, context) => {
    if (NEED_A_REQUEST.has(type)) return null;
    const url = WITH_ADDRESS.has(type) ? (Address.safeParse(context.demand.params[type]).data?.url ?? null) : fallbackPage(type, context);
    return url === null ? null : { kind: "browser", type, url };
  },
  auth: () => ({}),
};
