import * as z from "zod";
import type { DeactivationPreview } from "../../../shared/contract/deactivation.ts";
import type { HomeserverClient } from "../../http/homeserverClient.ts";

export type Addresses = NonNullable<DeactivationPreview["addresses"]>;

const Threepids = z.object({
  threepids: z.array(z.object({ medium: z.string(), address: z.string().max(320) })),
});

/** The emails and phones of an account (`GET /_matrix/client/v3/account/3pid`). @throws what the server answers */
export async function addressesOf(homeserver: HomeserverClient, signal?: AbortSignal): Promise<Addresses> {
  const { threepids } = await homeserver.json({
    path: "/_matrix/client/v3/account/3pid",
    schema: Threepids,
    ...(signal && { signal }),
  });
  return threepids.flatMap(({ medium, address }) => (medium === "email" || medium === "msisdn" ? [{ medium, address }] : []));
}

/** Whose token it is (`GET /_matrix/client/v3/account/whoami`). @throws what the server answers */
export async function whoAmI(homeserver: HomeserverClient): Promise<string> {
  const { user_id: userId } = await homeserver.json({
    path: "/_matrix/client/v3/account/whoami",
    schema: z.object({ user_id: z.string() }),
    repeatable: true,
  });
  return userId;
}
