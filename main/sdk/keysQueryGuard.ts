import { RequestType } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { MatrixClient } from "matrix-js-sdk";
import { orderKeysQueries } from "./keysQueries.ts";

/** What is used of a request of the crypto machine. */
interface MachineRequest {
  id?: string | undefined;
  type?: number;
  body: string;
}

/** What is used of the SDK's crypto. */
interface QueryingCrypto {
  olmMachine?: { markRequestAsSent?: (id: string, type: number, answer: string) => Promise<boolean> };
  outgoingRequestProcessor?: { makeOutgoingRequest?: (request: MachineRequest, ...more: unknown[]) => Promise<void> };
}

/**
 * Keeps a client's crypto machine from hearing an answer about the account's own keys after the answer to a later query:
 * whoever asked asks again, Steward and the SDK alike. To be called before the first request is sent, and after what judges
 * the answers: it is to judge none that is not heard.
 *
 * The fields are private to the SDK: their shape is checked, so that an update that moves them fails at once.
 */
export function hearNewestKeysAlone(client: MatrixClient): void {
  const { olmMachine: machine, outgoingRequestProcessor: processor } = (client.getCrypto() ?? {}) as unknown as QueryingCrypto;
  const hear = machine?.markRequestAsSent?.bind(machine);
  const make = processor?.makeOutgoingRequest?.bind(processor);
  if (!machine || !hear || !processor || !make) throw new Error("The SDK's crypto is not made as it was");
  const order = orderKeysQueries(machine);
  machine.markRequestAsSent = (id, type, answer) => {
    const heard = (): Promise<boolean> => hear(id, type, answer);
    return type === RequestType.KeysQuery ? order.hear(id, heard) : heard();
  };
  const userId = client.getSafeUserId();
  processor.makeOutgoingRequest = (request, ...more) => {
    const sent = (): Promise<void> => make(request, ...more);
    return asksForKeysOf(userId, request) ? order.ask(request.id, sent) : sent();
  };
}

/** A query for other users alone takes nothing back that is known of this one. */
function asksForKeysOf(userId: string, request: MachineRequest): request is MachineRequest & { id: string } {
  if (request.type !== RequestType.KeysQuery || request.id === undefined) return false;
  const { device_keys: asked } = JSON.parse(request.body) as { device_keys: object };
  return Object.hasOwn(asked, userId);
}
