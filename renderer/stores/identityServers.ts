import type { IdentityServer, PendingShare } from "../../shared/contract/identityServer.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** By which server others find each account, as it was last told. */
export const identityServers = createLoaded<IdentityServer>((accountId) => steward.identityServer.state({ accountId }));

/** The addresses that it is to be told of. Main tells of every change. */
export const pendingShares = createLoaded<readonly PendingShare[]>(
  async (accountId) => (await steward.identityServer.pendingShares({ accountId })).pending,
);
