import { RequestType } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";
import { countOnIdentity, identityMachineOf, isVerifiedByOwnIdentity, type PinnedIdentity } from "./pinnedIdentity.ts";

/**
 * Makes a client's crypto machine hear of known identities alone, and pins the one that the session was verified with
 * before there were pins. To be called before the first request is sent.
 */
export async function trustKnownIdentityAlone(client: MatrixClient, identity: PinnedIdentity): Promise<void> {
  const machine = identityMachineOf(client);
  const hear = machine.markRequestAsSent.bind(machine);
  machine.markRequestAsSent = (id, type, answer) => hear(id, type, type === RequestType.KeysQuery ? identity.admit(answer) : answer);
  countOnIdentity(client, identity);
  await isVerifiedByOwnIdentity(client);
}
